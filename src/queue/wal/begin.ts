import { isSluiceError, SluiceError } from '../../errors/index.ts';
import {
  becomeRunner,
  claimPipeline,
  databaseIdentity,
  migrate,
  readPipeline,
  setFirstPosition,
  startPosition,
  type Pipeline,
} from '../../ledger/index.ts';
import { failpoint, type Log } from '../../service/index.ts';
import { createSlot, identifySystem, Session } from '../../session/index.ts';
import { readSlot, removeSlot, sourceNames } from '../../stream/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { text, texts } from '../admin/rows.ts';
import { requireSchema } from '../admin/schema.ts';
import { loadSql } from '../sql.ts';
import { targetQueueOf, type WalQueueOptions } from './options.ts';
import {
  findSourceQueue,
  openSourceQueue,
  publishNothing,
  takeSourceQueue,
  type SourceQueue,
} from './source-queue.ts';

const queueKind = loadSql('wal/queue-kind');

/** The sessions of one attempt; all end together. */
export interface WalSessions {
  /** SQL on the source. */
  readonly source: Session;
  /** The walsender that the slot is read through. */
  readonly replication: Session;
  /** The events, the position; it holds the lock that makes this process the one that follows. */
  readonly target: Session;
}

export interface BegunWalQueue {
  readonly owner: Pipeline;
  /** Everything before it is in the target. */
  readonly position: Lsn;
}

/** Opens the sessions; waits while another process follows the queue. */
export async function openSessions(
  options: WalQueueOptions,
  deps: { log: Log; signal: AbortSignal; onStandby: () => void },
  opened: Session[],
): Promise<WalSessions> {
  const purpose = `queue ${options.queue}`;
  const { signal } = deps;
  const open = async (url: string, more: object): Promise<Session> => {
    const session = await Session.connect(url, { purpose, signal, ...more });
    opened.push(session);
    return session;
  };
  // First: one that stands by takes no connection of the source.
  const target = await open(options.target, {
    side: 'target',
    settings: { synchronous_commit: 'on', client_min_messages: 'error' },
  });
  await requireTarget(target, options);
  await becomeRunner(target, { name: await lockName(target, options), ...deps });
  const source = await open(options.source, { side: 'source' });
  const replication = await open(options.source, { side: 'source', replication: true });
  void source.closed.then(() => replication.destroy());
  return { source, replication, target };
}

/**
 * Claims the queue and finds where to go on, by the start rules; new, it makes the slot, and only then does the
 * queue take events.
 */
export async function beginFollowing(
  { queue }: WalQueueOptions,
  { source, replication, target }: WalSessions,
): Promise<BegunWalQueue> {
  await requireSchema(source);
  const found = await findSourceQueue(source, queue);
  if (found === null) throw new SluiceError('QUEUE_WAL_NONE', { queue });
  await migrate(target);
  const name = pipelineName(found);
  const identity = await databaseIdentity(target);
  const made = found.made ?? sourceNames(name, identity);
  await takeSourceQueue(source, queue, made, identity);
  if (found.isOpen) await requireKnown(found, target);
  const system = await identifySystem(replication);
  const owner = await claimPipeline(target, {
    name,
    sourceSystemId: system.systemId,
    sourceDatabase: system.database ?? '',
    ...made,
  });
  await publishNothing(source, owner.publication);
  const position =
    (await knownPosition(queue, owner, source)) ??
    (await firstPosition(owner, { source, replication, target }));
  await openSourceQueue(source, queue);
  return { owner, position };
}

/** The ledger's name for it: a queue that is dropped and made again is another one. */
export function pipelineName({ name, id }: Pick<SourceQueue, 'name' | 'id'>): string {
  return `queue:${name}:${id}`;
}

/** A target that was restored from before, or replaced, lacks events that the source has forgotten. */
async function requireKnown(found: SourceQueue, target: Session): Promise<void> {
  const known = await readPipeline(target, pipelineName(found));
  if (known === null) {
    const reason = 'the target does not know of it';
    throw new SluiceError('QUEUE_WAL_LOST', { queue: found.name, reason });
  }
}

/** @throws QUEUE_WAL_LOST  the source has not kept what comes after it */
export async function knownPosition(
  queue: string,
  owner: Pipeline,
  source: Session,
): Promise<Lsn | null> {
  try {
    return startPosition(owner, await readSlot(source, owner.slot), null);
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    throw new SluiceError('QUEUE_WAL_LOST', { queue, reason: error.message }, { cause: error });
  }
}

async function firstPosition(
  owner: Pipeline,
  { source, replication, target }: WalSessions,
): Promise<Lsn> {
  if (await readSlot(source, owner.slot)) await removeSlot(source, owner.slot);
  await failpoint('wal.before-slot');
  const { consistentPoint } = await createSlot(replication, {
    name: owner.slot,
    temporary: false,
    snapshot: 'nothing',
  });
  await failpoint('wal.after-slot');
  await setFirstPosition(target, owner, consistentPoint);
  return consistentPoint;
}

/** There is a queue with tables for the events, and it can hold any text. */
async function requireTarget(target: Session, options: WalQueueOptions): Promise<void> {
  if ((await requireSchema(target)) !== 'ours') {
    throw new SluiceError('QUEUE_WAL_TARGET', {
      queue: options.queue,
      problem: 'it has the original pgq, which keeps no dead letters: install ours there',
    });
  }
  const queue = targetQueueOf(options);
  await target.query('SELECT pgq.create_queue($1)', [queue]);
  const { rows } = await target.query(queueKind, [queue]);
  const encoding = text(rows[0]!, 'encoding');
  const problem =
    texts(rows[0]!, 'kind') === 'wal'
      ? `${queue} lives in the WAL itself`
      : encoding === 'UTF8'
        ? null
        : `its encoding is ${encoding}, which cannot hold every text`;
  if (problem) throw new SluiceError('QUEUE_WAL_TARGET', { queue: options.queue, problem });
}

/** Two processes with one queue and one target work one after the other. */
async function lockName(target: Session, { queue }: WalQueueOptions): Promise<string> {
  return `queue:${queue}:${await databaseIdentity(target)}`;
}
