import { SluiceError } from '../errors/index.ts';
import { MessageReader } from './message-reader.ts';
import { RequestCode } from './startup.ts';

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH: nobody who has not logged in makes us keep more. */
export const maxStartupBytes = 10_000;

/** What a client may send before it has logged in. */
export type StartupPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gss' }
  | { readonly kind: 'cancel'; readonly pid: number; readonly key: Buffer }
  | {
      readonly kind: 'startup';
      readonly version: number;
      /** In the order sent; a name that comes twice keeps its last value. */
      readonly parameters: ReadonlyMap<string, string>;
    };

/**
 * Decode a packet that has no tag: a startup message or one of the requests that stand in its place.
 *
 * @param bytes  the packet after its length word is `bytes[start, end)`
 * @throws PROTO_FIELD, PROTO_TRUNCATED
 * @see PostgreSQL manual, "Message Formats": StartupMessage, SSLRequest, GSSENCRequest, CancelRequest
 */
export function readStartupPacket(bytes: Buffer, start: number, end: number): StartupPacket {
  const reader = new MessageReader('the startup packet', bytes, start, end);
  const code = reader.int32();
  switch (code) {
    case RequestCode.ssl:
      reader.finish();
      return { kind: 'ssl' };
    case RequestCode.gssEnc:
      reader.finish();
      return { kind: 'gss' };
    case RequestCode.cancel:
      return readCancel(reader);
    default:
      return { kind: 'startup', version: code, parameters: readParameters(reader) };
  }
}

/** @throws PROTO_FRAME_LENGTH */
export function checkStartupLength(length: number): void {
  if (length >= 8 && length <= maxStartupBytes) return;
  throw new SluiceError('PROTO_FRAME_LENGTH', {
    tag: 'the startup packet',
    length,
    limit: maxStartupBytes,
  });
}

/** 4 bytes of key in protocol 3.0, up to 256 in 3.2. */
function readCancel(reader: MessageReader): StartupPacket {
  const pid = reader.int32();
  if (reader.left < 4 || reader.left > 256)
    throw reader.bad('a key of 4 to 256 bytes', reader.left);
  return { kind: 'cancel', pid, key: Buffer.from(reader.rest()) };
}

function readParameters(reader: MessageReader): Map<string, string> {
  const parameters = new Map<string, string>();
  for (let name = reader.text(); name !== ''; name = reader.text()) {
    parameters.set(name, reader.text());
  }
  reader.finish();
  return parameters;
}
