import type { Oid } from '../lsn.ts';
import { MessageReader } from '../message-reader.ts';

/** The types of a prepared statement's parameters, in order. */
export function decodeParameterDescription(bytes: Buffer, start: number, end: number): Oid[] {
  const reader = new MessageReader('ParameterDescription', bytes, start, end);
  const count = reader.count(reader.uint16(), 4);
  const types: Oid[] = [];
  for (let i = 0; i < count; i++) types.push(reader.oid());
  reader.finish();
  return types;
}
