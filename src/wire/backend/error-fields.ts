import type { ServerMessageFields } from '../../errors/index.ts';
import { MessageReader } from '../message-reader.ts';

/** What a message without a code gets: PostgreSQL's own "internal error". */
const missingSqlstate = 'XX000';

/** The ServerMessageFields a one-letter field code names (PostgreSQL manual, "Error and Notice Message Fields"). */
const textFields: Readonly<Record<string, keyof ServerMessageFields>> = {
  S: 'severity',
  V: 'severity', // never translated; comes after S and wins
  C: 'sqlstate',
  M: 'message',
  D: 'detail',
  H: 'hint',
  q: 'internalQuery',
  W: 'where',
  s: 'schema',
  t: 'table',
  c: 'column',
  d: 'dataType',
  n: 'constraint',
  F: 'file',
  L: 'line',
  R: 'routine',
};

/**
 * Decode an ErrorResponse or NoticeResponse body. Fields we do not know are skipped, as the manual asks;
 * severity, SQLSTATE and message are always there, even when the sender left them out.
 */
export function decodeErrorFields(bytes: Buffer, start: number, end: number): ServerMessageFields {
  const reader = new MessageReader('ErrorResponse', bytes, start, end);
  const fields: Partial<Record<string, string>> = {};
  let position: number | undefined;
  for (let code = reader.byte(); code !== 0; code = reader.byte()) {
    const text = reader.text();
    const letter = String.fromCharCode(code);
    const name = Object.hasOwn(textFields, letter) ? textFields[letter] : undefined;
    if (name !== undefined) fields[name] = text;
    else if (letter === 'P' && /^\d{1,9}$/.test(text)) position = Number(text);
  }
  reader.finish();
  return {
    ...fields,
    severity: fields['severity'] ?? 'ERROR',
    sqlstate: fields['sqlstate'] ?? missingSqlstate,
    message: fields['message'] ?? '',
    ...(position === undefined ? {} : { position }),
  };
}
