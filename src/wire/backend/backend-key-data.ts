import { MessageReader } from '../message-reader.ts';

export interface BackendKeyData {
  readonly pid: number;
  /** 4 bytes in protocol 3.0, 4 to 256 in 3.2. A copy: it outlives the message. */
  readonly key: Buffer;
}

const leastKeyBytes = 4;
const mostKeyBytes = 256;

export function decodeBackendKeyData(bytes: Buffer, start: number, end: number): BackendKeyData {
  const reader = new MessageReader('BackendKeyData', bytes, start, end);
  const pid = reader.int32();
  const length = reader.left;
  if (length < leastKeyBytes || length > mostKeyBytes) {
    throw reader.bad(`a key of ${leastKeyBytes} to ${mostKeyBytes} bytes`, length);
  }
  return { pid, key: Buffer.from(reader.rest()) };
}
