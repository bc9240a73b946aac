import { MessageReader } from '../message-reader.ts';

export interface NegotiateProtocolVersion {
  /** The newest version the server speaks, major and minor as in ProtocolVersion. */
  readonly newestVersion: number;
  /** The `_pq_.` parameters of our startup message that it does not know. */
  readonly unknownOptions: readonly string[];
}

export function decodeNegotiateProtocolVersion(
  bytes: Buffer,
  start: number,
  end: number,
): NegotiateProtocolVersion {
  const reader = new MessageReader('NegotiateProtocolVersion', bytes, start, end);
  const newestVersion = reader.uint32();
  const count = reader.count(reader.int32(), 1);
  const unknownOptions: string[] = [];
  for (let i = 0; i < count; i++) unknownOptions.push(reader.text());
  reader.finish();
  return { newestVersion, unknownOptions };
}
