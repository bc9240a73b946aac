import { loadSql } from '../sql.ts';
import type { ConsumerDefinition } from './definition.ts';
import { isTrue } from './rows.ts';
import type { Work } from './work.ts';

const lockConsumer = loadSql('lock-consumer');
const lockConsumerOnce = loadSql('lock-consumer-once');

/**
 * How often a process that stands by asks for the lock. Waiting for it within a statement would hold a snapshot for
 * as long, and keep dead rows everywhere from being removed.
 */
const standbyMs = 100;

/** Resolves when this process is the one that works for the consumer, as long as its session lives. */
export async function waitForTurn(work: Work): Promise<void> {
  const { control, definition, clock, stopping } = work;
  if (isShared(work)) return;
  for (let isFirst = true; ; isFirst = false) {
    const { rows } = await control.query(lockConsumer, [lockName(definition)]);
    if (isTrue(rows[0], 'is_ours')) return;
    if (isFirst) work.log.info('stands by: another process works for this consumer');
    await clock.sleep(standbyMs, stopping);
  }
}

/** Where no session is ours, the lock is that of the transaction that a batch is handled in. */
export async function claimTransaction(work: Work): Promise<boolean> {
  if (!work.isPolling || work.definition.kind === 'cooperative') return true;
  const { own } = work.handlers;
  await own.query(work.placement.beginSql);
  const { rows } = await own.query(lockConsumerOnce, [lockName(work.definition)]);
  if (isTrue(rows[0], 'is_ours')) return true;
  await own.query('ROLLBACK');
  return false;
}

/** There was no batch to claim it for. */
export async function releaseClaim({ handlers }: Work): Promise<void> {
  if (handlers.isInTransaction) await handlers.own.query('ROLLBACK');
}

function isShared({ isPolling, definition }: Work): boolean {
  return isPolling || definition.kind === 'cooperative';
}

/** Lanes of one consumer are one consumer, whatever their order. */
function lockName({ name, queues }: ConsumerDefinition): string {
  return `${name} of ${queues.toSorted().join(', ')}`;
}
