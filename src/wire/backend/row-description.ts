import type { Oid } from '../lsn.ts';
import { MessageReader } from '../message-reader.ts';

export interface FieldDescription {
  readonly name: string;
  /** The table column the field comes from; 0 and 0 for an expression. */
  readonly tableOid: Oid;
  readonly columnNumber: number;
  readonly typeOid: Oid;
  /** Negative: variable width. */
  readonly typeSize: number;
  readonly typeModifier: number;
  /** 0 text, 1 binary; 0 also when a Describe of a statement cannot know it yet. */
  readonly format: number;
}

/** A name's zero byte and the six numbers. */
const leastFieldBytes = 19;

export function decodeRowDescription(
  bytes: Buffer,
  start: number,
  end: number,
): FieldDescription[] {
  const reader = new MessageReader('RowDescription', bytes, start, end);
  const count = reader.count(reader.int16(), leastFieldBytes);
  const fields: FieldDescription[] = [];
  for (let i = 0; i < count; i++) fields.push(readField(reader));
  reader.finish();
  return fields;
}

function readField(reader: MessageReader): FieldDescription {
  return {
    name: reader.text(),
    tableOid: reader.oid(),
    columnNumber: reader.int16(),
    typeOid: reader.oid(),
    typeSize: reader.int16(),
    typeModifier: reader.int32(),
    format: reader.int16(),
  };
}
