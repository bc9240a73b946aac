import { loadSql } from '../sql.ts';
import type { Session } from '../../session/index.ts';
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

const nextBatch = loadSql('next-batch');
const nextCollectedBatch = loadSql('next-collected-batch');
const nextCooperativeBatch = loadSql('next-cooperative-batch');
const finishBatch = loadSql('finish-batch');
const finishCooperativeBatch = loadSql('finish-cooperative-batch');

/** @param subconsumer  the process among those that share a cooperative consumer */
export function batchFeed(definition: ConsumerDefinition, subconsumer: string): BatchFeed {
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
    return {
      next: (control, queue) => readNext(control, queue, nextBatch, [queue, name]),
      finishSql: finishBatch,
    };
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
  const { rows } = await control.query(sql, values);
  const [row] = rows;
  return row === undefined || textOrNull(row, 'id') === null ? null : toBatch(queue, row);
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
