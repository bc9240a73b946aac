import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { arrayLiteral } from '../array-literal.ts';
import type { EventSchemas } from '../consumer/event.ts';
import { loadSql } from '../sql.ts';
import { dataText, type AnyNewEvent, type EventExtras, type NewEvent } from './new-event.ts';

const insertSql = loadSql('insert-event');
const insertManySql = loadSql('insert-events');
const insertAtSql = loadSql('insert-event-at');
const insertUniqueSql = loadSql('insert-event-unique');

/** Events in one statement: their texts are in its parameters, and in memory for as long. */
const eventsPerStatement = 10_000;

/** 42883: there is no such function. */
const noSuchFunction = '42883';

export interface InsertOptions {
  /** Consumers get it when this time has come. */
  readonly at?: Date;
  /** Not inserted when one of this key was, within so many milliseconds; for ever without them. */
  readonly unique?: { readonly key: string; readonly withinMs?: number };
}

export interface Producer<S extends EventSchemas | undefined = undefined> {
  readonly queue: string;
  /**
   * Inserts an event in the caller's transaction: consumers get it if and when that commits.
   *
   * @returns its number; null when `unique` found another
   * @throws QUEUE_EVENT_INVALID, QUEUE_INSERT_FEATURE
   */
  insert(tx: Tx, event: NewEvent<S>, options?: InsertOptions): Promise<bigint | null>;
  /** Inserts many in few statements, in order. @returns their numbers */
  insertMany(tx: Tx, events: readonly NewEvent<S>[]): Promise<bigint[]>;
}

/**
 * What inserts events into a queue, typed by the schemas that its consumers read them with.
 *
 *     const orders = producer({ queue: 'orders', schema: OrderEvents });
 *     await orders.insert(client, { type: 'placed', data: { id: 7 } });
 *
 * `tx` is whatever runs SQL with `$1` parameters on one connection: a `pg` client, or `{ query }` around another driver.
 */
export function producer<const S extends EventSchemas | undefined = undefined>(options: {
  readonly queue: string;
  readonly schema?: S;
}): Producer<S>;
export function producer(options: {
  readonly queue: string;
  readonly schema?: EventSchemas;
}): AnyProducer {
  const { queue, schema } = options;
  return {
    queue,
    insert: (tx, event, insertOptions) => insertOne(tx, queue, schema, event, insertOptions),
    insertMany: (tx, events) => insertMany(tx, queue, schema, events),
  };
}

/** Inserts an event of a queue without schemas: data that is not text goes as JSON. */
export async function insertEvent(
  tx: Tx,
  queue: string,
  type: string,
  data: unknown,
  options: EventExtras & InsertOptions = {},
): Promise<bigint | null> {
  return insertOne(tx, queue, undefined, { ...options, type, data }, options);
}

interface AnyProducer {
  readonly queue: string;
  insert(tx: Tx, event: AnyNewEvent, options?: InsertOptions): Promise<bigint | null>;
  insertMany(tx: Tx, events: readonly AnyNewEvent[]): Promise<bigint[]>;
}

async function insertOne(
  tx: Tx,
  queue: string,
  schemas: EventSchemas | undefined,
  event: AnyNewEvent,
  options: InsertOptions = {},
): Promise<bigint | null> {
  const { at, unique } = options;
  if (at !== undefined && unique !== undefined) {
    throw new SluiceError('QUEUE_INSERT_OPTIONS', { queue });
  }
  const values = [event.type, dataText(queue, schemas, event), ...extrasOf(event)];
  if (at !== undefined) {
    return insertLate(tx, queue, insertAtSql, [queue, at.toISOString(), ...values]);
  }
  if (unique !== undefined) {
    const window = unique.withinMs === undefined ? null : `${unique.withinMs} ms`;
    return insertLate(tx, queue, insertUniqueSql, [queue, unique.key, window, ...values]);
  }
  const { rows } = await tx.query(insertSql, [queue, ...values]);
  return toId(rows[0]);
}

async function insertLate(
  tx: Tx,
  queue: string,
  sql: string,
  values: readonly (string | null)[],
): Promise<bigint | null> {
  try {
    const { rows } = await tx.query(sql, values);
    return toId(rows[0]);
  } catch (cause) {
    if (sqlstateOf(cause) !== noSuchFunction) throw cause;
    throw new SluiceError('QUEUE_INSERT_FEATURE', { queue }, { cause });
  }
}

async function insertMany(
  tx: Tx,
  queue: string,
  schemas: EventSchemas | undefined,
  events: readonly AnyNewEvent[],
): Promise<bigint[]> {
  const ids: bigint[] = [];
  for (let at = 0; at < events.length; at += eventsPerStatement) {
    const part = events.slice(at, at + eventsPerStatement);
    const columns = [
      part.map(({ type }) => type),
      part.map((event) => dataText(queue, schemas, event)),
      ...extraNames.map((name) => part.map((event) => event[name] ?? null)),
    ];
    const { rows } = await tx.query(insertManySql, [queue, ...columns.map(arrayLiteral)]);
    for (const row of rows) ids.push(BigInt(String(row['id'])));
  }
  return ids;
}

const extraNames = ['extra1', 'extra2', 'extra3', 'extra4'] as const;

function extrasOf(event: EventExtras): (string | null)[] {
  return extraNames.map((name) => event[name] ?? null);
}

function toId(row: Record<string, unknown> | undefined): bigint | null {
  const id = row?.['id'];
  return typeof id === 'string' ? BigInt(id) : null;
}
