import { MessageReader } from '../message-reader.ts';

export interface CopyResponse {
  /** The COPY as a whole: 0 text (also CSV), 1 binary. */
  readonly format: number;
  /** One a column. Empty for replication. */
  readonly columnFormats: readonly number[];
}

/** Decode a CopyInResponse, CopyOutResponse or CopyBothResponse body. */
export function decodeCopyResponse(bytes: Buffer, start: number, end: number): CopyResponse {
  const reader = new MessageReader('CopyResponse', bytes, start, end);
  const format = reader.byte();
  const count = reader.count(reader.int16(), 2);
  const columnFormats: number[] = [];
  for (let i = 0; i < count; i++) columnFormats.push(reader.int16());
  reader.finish();
  return { format, columnFormats };
}
