import { BackendTag } from '../wire/index.ts';
import type { Connected } from './connected.ts';

/** What a server says to a client that it lets in without a question: from AuthenticationOk to ReadyForQuery. */
export function encodeGreeting({ link, key }: Connected): Buffer {
  const ok = Buffer.alloc(4);
  const pid = Buffer.alloc(4);
  pid.writeInt32BE(key.pid);
  const parameters = [...link.parameters].map(([name, value]) =>
    message(BackendTag.parameterStatus, Buffer.from(`${name}\0${value}\0`)),
  );
  return Buffer.concat([
    message(BackendTag.authentication, ok),
    ...parameters,
    message(BackendTag.backendKeyData, Buffer.concat([pid, key.key])),
    message(BackendTag.readyForQuery, Buffer.from(link.status)),
  ]);
}

function message(tag: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(tag);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
