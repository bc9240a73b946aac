import { loadSql } from '../sql.ts';
import type { Session } from '../../session/index.ts';
import { isBatchGone } from './batch-gone.ts';
import type { ConsumerDefinition } from './definition.ts';
import { numberOf, textOf, textOrNull, type Row } from './rows.ts';

/** A batch that is open for a consumer. */
export interface Batch {
  readonly id: bigint;
  readonly queue: string;
  readonly previousTickId: bigint;
  readonly tickId: bigint;
  readonly tickTime: Date;
  /** The query of its events. */
  readonly eventsSql: string;
}

/** Which function hands out batches, and which takes them back. */
export interface BatchFeed {
  /** The open batch or the next one of a queue; null when there is none. */
  next(control: Session, queue: string): Promise<Batch | null>;
  /** One row with `finished`, 1 when the batch was ours to finish; `$1` is its id. */
  readonly finishSql: string;
}

/** Ticks that lie closer together come as one batch. */
const joinedEvents = 1000;

const nextBatch = loadSql('next-batch');
const nextJoinedBatch = loadSql('next-joined-batch');
const nextCollectedBatch = loadSql('next-collected-batch');
const nextCooperativeBatch = loadSql('next-cooperative-batch');
const finishBatch = loadSql('finish-batch');
const finishCooperativeBatch = loadSql('finish-cooperative-batch');

/**
 * @param subconsumer  the process among those that share a cooperative consumer
 * @param canJoin  the database can hand out several ticks as one batch
 */
export function batchFeed(
  definition: ConsumerDefinition,
  subconsumer: string,
  canJoin: boolean,
): BatchFeed {
  const { name, collect, deadAfterMs } = definition;
  if (definition.kind === 'cooperative') {
    const dead = `${deadAfterMs} ms`;
    return {
      next: (control, queue) =>
        readNext(control, queue, nextCooperativeBatch, [queue, name, subconsumer, dead]),
      finishSql: finishCooperativeBatch,
    };
  }
  if (collect === undefined) {
    const next: BatchFeed['next'] = canJoin
      ? (control, queue) => readNext(control, queue, nextJoinedBatch, [queue, name, joinedEvents])
      : (control, queue) => readNext(control, queue, nextBatch, [queue, name]);
    return { next, finishSql: finishBatch };
  }
  const limits = [collect.events, `${collect.ms} ms`];
  return {
    next: (control, queue) =>
      readNext(control, queue, nextCollectedBatch, [queue, name, ...limits]),
    finishSql: finishBatch,
  };
}

async function readNext(
  control: Session,
  queue: string,
  sql: string,
  values: readonly (string | number)[],
): Promise<Batch | null> {
  const row = await readRow(control, sql, values);
  return row === undefined || textOrNull(row, 'id') === null ? null : toBatch(queue, row);
}

/** More than any number of processes that finish a batch just as we ask for it. */
const triesOfRace = 100;

/** A process before us may be finishing the open batch at this moment, its last words still on their way. */
async function readRow(
  control: Session,
  sql: string,
  values: readonly (string | number)[],
): Promise<Row | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await control.query(sql, values)).rows[0];
    } catch (error) {
      if (!isBatchGone(error) || attempt === triesOfRace) throw error;
    }
  }
}

function toBatch(queue: string, row: Row): Batch {
  return {
    id: BigInt(textOf(row, 'id')),
    queue,
    previousTickId: BigInt(textOf(row, 'previous_tick_id')),
    tickId: BigInt(textOf(row, 'tick_id')),
    tickTime: new Date(numberOf(row, 'tick_time_ms')),
    eventsSql: textOf(row, 'events_sql'),
  };
}
