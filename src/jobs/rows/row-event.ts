import { SluiceError } from '../../errors/index.ts';
import { decodeRow, type AnyEvent } from '../../queue/index.ts';
import { readUrlEncoded } from '../events/url-encoded.ts';

export type RowValue = string | number | bigint | boolean | null;
export type RowValues = Readonly<Record<string, RowValue>>;

/** A change of a row, as an event tells it. */
export interface RowEvent {
  readonly op: 'insert' | 'update' | 'delete';
  readonly table: string;
  readonly key: readonly string[];
  readonly row: RowValues;
}

/** What `logutriga` and `jsontriga` write, or `I`, `U`, `D` with the key in `ev_extra2`, as older triggers do. */
export function isRowEvent({ type }: Pick<AnyEvent, 'type'>): boolean {
  return /^[IUD](?::|$)/.test(type) || /^\{"op":"(?:INSERT|UPDATE|DELETE)"/.test(type);
}

/** @throws JOBS_ROW_EVENT  it tells of no row */
export function readRowEvent(event: AnyEvent): RowEvent {
  try {
    const { op, table, key, row } = isOlder(event) ? readOlder(event) : decodeRow(textEvent(event));
    if (op !== 'truncate' && table !== null && table !== '') return { op, table, key, row };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  throw new SluiceError('JOBS_ROW_EVENT', { event: event.id });
}

/** The values of an event whose type does not matter. */
export function readRowValues(event: AnyEvent): RowValues {
  return isRowEvent(event) && !isOlder(event)
    ? readRowEvent(event).row
    : readUrlEncoded(textOf(event) ?? '');
}

function isOlder({ type }: AnyEvent): boolean {
  return /^[IUD]$/.test(type);
}

const olderOps = { I: 'insert', U: 'update', D: 'delete' } as const;

function readOlder(event: AnyEvent) {
  const { type, extra1, extra2 } = event;
  const op = type === 'I' || type === 'U' ? olderOps[type] : olderOps.D;
  const key = (extra2 ?? '').split(',').filter((name) => name !== '');
  return { op, table: extra1, key, row: readUrlEncoded(textOf(event) ?? '') };
}

function textEvent(event: AnyEvent) {
  return { ...event, data: textOf(event) };
}

function textOf({ data }: AnyEvent): string | null {
  return typeof data === 'string' ? data : null;
}
