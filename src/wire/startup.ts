import { SluiceError } from '../errors/index.ts';
import type { NegotiateProtocolVersion } from './backend/negotiate-protocol-version.ts';
import type { MessageBuffer } from './message-buffer.ts';

/** Major version in the high half, minor in the low one. */
export const ProtocolVersion = {
  v3_0: 0x0003_0000,
  /** Cancel keys of up to 256 bytes. PostgreSQL 18; older servers answer with NegotiateProtocolVersion. */
  v3_2: 0x0003_0002,
} as const;

/** What stands where a protocol version would (PostgreSQL manual, "Message Formats"). */
export const RequestCode = {
  cancel: 80_877_102,
  ssl: 80_877_103,
  gssEnc: 80_877_104,
} as const;

/** The one byte a server answers to SSLRequest or GSSENCRequest, before anything is tagged. */
export const EncryptionAnswer = {
  accepted: 0x53, // S (TLS)
  acceptedGss: 0x47, // G
  refused: 0x4e, // N
  /** An ErrorResponse of a server that does not know the request. Unauthenticated: do not show its text. */
  error: 0x45, // E
} as const;

export function writeStartup(
  out: MessageBuffer,
  version: number,
  parameters: Readonly<Record<string, string>>,
): void {
  out.beginUntagged();
  out.int32(version);
  for (const [name, value] of Object.entries(parameters)) {
    out.text(name, 'a startup parameter');
    out.text(value, `startup parameter ${name}`);
  }
  out.byte(0);
  out.finish();
}

export function writeSslRequest(out: MessageBuffer): void {
  writeRequest(out, RequestCode.ssl);
}

export function writeGssEncRequest(out: MessageBuffer): void {
  writeRequest(out, RequestCode.gssEnc);
}

export function writeCancelRequest(out: MessageBuffer, pid: number, key: Buffer): void {
  out.beginUntagged();
  out.int32(RequestCode.cancel);
  out.int32(pid);
  out.bytes(key);
  out.finish();
}

function writeRequest(out: MessageBuffer, code: number): void {
  out.beginUntagged();
  out.int32(code);
  out.finish();
}

/**
 * The protocol version a connection has after the server's NegotiateProtocolVersion.
 *
 * @param requested  what our startup message asked for
 * @param parameters  the names of the parameters it carried
 * @throws PROTO_NEGOTIATION  the answer is no answer to what we asked
 */
export function negotiatedVersion(
  requested: number,
  parameters: readonly string[],
  answer: NegotiateProtocolVersion,
): number {
  const { newestVersion, unknownOptions } = answer;
  const refuse = (reason: string): SluiceError =>
    new SluiceError('PROTO_NEGOTIATION', {
      requested: describeVersion(requested),
      offered: describeVersion(newestVersion),
      reason,
    });
  if (newestVersion >>> 16 !== requested >>> 16) throw refuse('another major version');
  if (newestVersion > requested) throw refuse('a newer version than asked for');
  const stranger = unknownOptions.find((name) => !parameters.includes(name));
  if (stranger !== undefined) throw refuse(`it refuses ${JSON.stringify(stranger)}, never sent`);
  if (newestVersion === requested && unknownOptions.length === 0) {
    throw refuse('nothing to negotiate');
  }
  return newestVersion;
}

export function describeVersion(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}
