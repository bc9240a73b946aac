import { MessageReader } from '../message-reader.ts';

/** I: no transaction is open; T: one is open; E: one is open and has failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

export function decodeReadyForQuery(bytes: Buffer, start: number, end: number): TransactionStatus {
  const reader = new MessageReader('ReadyForQuery', bytes, start, end);
  const status = String.fromCharCode(reader.byte());
  reader.finish();
  if (status === 'I' || status === 'T' || status === 'E') return status;
  throw reader.bad('I, T or E', JSON.stringify(status));
}
