import type { SinkMessage } from '../sink.ts';
import { withBefore, type ChangePlace, type RowChange, type RowImage } from './change.ts';
import { encodeValue } from './encode-value.ts';

/**
 * A change as a message. Its payload is JSON, one object:
 *
 *     {"version":1,"op":"update","database":"shop","schema":"public","table":"orders",
 *      "key":{"id":1},"before":null,"after":{"id":1,"total":"12.50"},"unchanged":["photo"],
 *      "transaction":{"xid":743,"commitLsn":"0/1A2B3C4","committedAt":"2026-01-02T03:04:05.678Z","sequence":1,"last":true}}
 *
 * The same change gives the same bytes each time.
 */
export function encodeChange(change: RowChange, place: ChangePlace): SinkMessage {
  const images = imagesOf(change);
  const key = keyOf(images.after ?? images.before, images.before);
  const { schema, table, op } = change;
  const payload = object([
    ['version', '1'],
    ['op', JSON.stringify(op)],
    ['database', JSON.stringify(place.database)],
    ['schema', JSON.stringify(schema)],
    ['table', JSON.stringify(table)],
    ...(op === 'truncate' ? truncateFields(change) : rowFields(images, key)),
    ['transaction', transactionOf(place)],
  ]);
  return {
    id: `${place.pipeline}:${place.commitLsn}:${place.sequence}`,
    subject: [schema, table],
    key,
    payload: Buffer.from(payload),
    headers: { 'Sluice-Op': op },
    position: place.commitLsn,
    transaction: String(place.xid),
  };
}

interface Images {
  readonly before: RowImage | null;
  readonly after: RowImage | null;
}

function imagesOf(change: RowChange): Images {
  switch (change.op) {
    case 'insert':
      return { before: null, after: change.after };
    case 'update':
      return { before: change.before, after: withBefore(change.after, change.before) };
    case 'delete':
      return { before: change.before, after: null };
    default:
      return { before: null, after: null };
  }
}

function rowFields({ before, after }: Images, key: string | null): [string, string][] {
  const unchanged = after === null ? [] : namesOfUnsent(after);
  return [
    ['key', key ?? 'null'],
    ['before', before === null ? 'null' : encodeRow(before)],
    ['after', after === null ? 'null' : encodeRow(after)],
    ...(unchanged.length > 0
      ? ([['unchanged', JSON.stringify(unchanged)]] as [string, string][])
      : []),
  ];
}

function truncateFields(change: RowChange & { op: 'truncate' }): [string, string][] {
  return [
    ['cascade', String(change.cascade)],
    ['restartIdentity', String(change.restartIdentity)],
  ];
}

/** Null for a row that no columns tell from the others. */
function keyOf(row: RowImage | null, before: RowImage | null): string | null {
  if (row === null || !row.columns.some(({ isKey }) => isKey)) return null;
  const { columns, texts } = withBefore(row, before);
  const fields = columns.flatMap(({ name, type, isKey }, i) => {
    const text = texts[i];
    return isKey && text !== undefined ? [[name, encodeValue(text, type)] as const] : [];
  });
  return object(fields);
}

/** Without what was not sent. */
function encodeRow({ columns, texts }: RowImage): string {
  return object(
    columns.flatMap(({ name, type }, i) => {
      const text = texts[i];
      return text === undefined ? [] : [[name, encodeValue(text, type)] as const];
    }),
  );
}

function namesOfUnsent({ columns, texts }: RowImage): string[] {
  return columns.flatMap(({ name }, i) => (texts[i] === undefined ? [name] : []));
}

function transactionOf(place: ChangePlace): string {
  return object([
    ['xid', String(place.xid)],
    ['commitLsn', JSON.stringify(place.commitLsn)],
    ['committedAt', JSON.stringify(place.committedAt)],
    ['sequence', String(place.sequence)],
    ['last', String(place.isLast)],
  ]);
}

function object(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}
