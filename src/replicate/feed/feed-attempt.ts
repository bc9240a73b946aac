import { SluiceError } from '../../errors/index.ts';
import { failpoint, type Clock, type Log } from '../../service/index.ts';
import type { Sink, SinkMessage } from '../../sink/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { Following, type FollowOptions } from '../follow/following.ts';
import type { PipelineMetrics } from '../metrics.ts';
import { runBeside } from '../run-beside.ts';
import { sourcePosition } from '../../stream/index.ts';
import type { Standing } from '../standing.ts';
import { watchTables } from '../watch-tables.ts';
import { ChangeMessages } from './change-messages.ts';
import { FeedProgress } from './feed-progress.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import { TypeLinks } from './type-links.ts';

export interface FeedAttemptDeps {
  readonly options: FollowOptions;
  /** Ready. */
  readonly sink: Sink;
  /** Ends where the source is when following begins. */
  readonly once: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly standing: Standing;
  readonly metrics: PipelineMetrics;
  readonly signal: AbortSignal;
  readonly becomeReady: () => void;
}

interface Attempt extends FeedAttemptDeps {
  readonly following: Following;
  readonly outbox: Outbox;
  readonly progress: FeedProgress;
}

/** As much again may be in the block that is being written. */
const OUTBOX_BYTES = 4 * 1024 ** 2;

/**
 * An idle stretch shorter than this is not written down: where the positions are in the source itself, each write
 * makes WAL, which would be one more idle stretch.
 */
const LEAST_IDLE_BYTES = 1024n ** 2n;

/** A sink that works has the time to finish a block when it is told to stop: what it has finished need not go twice. */
const STOP_PATIENCE_MS = 5_000;

/**
 * One attempt of a feed, from its position until it is stopped, done, or fails:
 *
 * ```
 *   slot ─▶ transactions ─▶ messages ─▶ outbox ─▶ sink, durable there ─▶ position ─▶ confirm
 * ```
 */
export async function attemptFeed(deps: FeedAttemptDeps): Promise<void> {
  const { options, signal, standing } = deps;
  const following = await Following.begin(
    { ...options, onStandby: () => standing.enter('standby') },
    signal,
  );
  const outbox = new Outbox(OUTBOX_BYTES);
  const progress = new FeedProgress(following);
  const attempt = { ...deps, following, outbox, progress };
  let reading: Promise<void> | null = null;
  try {
    standing.follows(progress, following);
    standing.enter('following');
    deps.becomeReady();
    const stopAt = deps.once ? await sourcePosition(following.source) : null;
    reading = read(attempt, stopAt).then(
      () => outbox.end(),
      (error: unknown) => outbox.end(error),
    );
    await runBeside(signal, [
      (until) => write(attempt, until),
      (until, done) => watch(attempt, AbortSignal.any([until, done])),
    ]);
    signal.throwIfAborted();
  } finally {
    outbox.close();
    await following.end();
    await reading;
  }
}

/** Transactions become messages, until `stopAt` or for ever. */
async function read(attempt: Attempt, stopAt: Lsn | null): Promise<void> {
  const { options, sink, following, outbox, progress } = attempt;
  const messages = new ChangeMessages({
    pipeline: options.name,
    database: following.database,
    tables: following.plan.pairs.map((pair) => pair.source),
    types: new TypeLinks(following.source),
    splitsKeyChanges: sink.delivery.order === 'per-key',
  });
  let reached = following.position;
  for (;;) {
    if (stopAt !== null && reached >= stopAt) return;
    const next = await following.read();
    if (next === null) return;
    if ('quietUntil' in next) {
      const { quietUntil } = next;
      progress.isQuietUntil(quietUntil);
      const isEnd = stopAt !== null && quietUntil >= stopAt;
      if (quietUntil - reached < LEAST_IDLE_BYTES && !isEnd) continue;
      reached = quietUntil;
      await outbox.push({ message: null, position: reached, committedAt: null });
      continue;
    }
    const { committedAt } = next;
    let message: SinkMessage | null = null;
    for await (const other of messages.of(next)) {
      progress.read();
      if (message && !(await outbox.push({ message, position: null, committedAt }))) return;
      message = other;
    }
    // The last one goes with its position: a stop between the two would bring it again.
    reached = await following.finish();
    await outbox.push({ message, position: reached, committedAt });
  }
}

/** Blocks leave; the position follows once they are durable (P2). */
async function write(attempt: Attempt, until: AbortSignal): Promise<void> {
  const { sink, clock, following, outbox, progress } = attempt;
  const closeOutbox = (): void => outbox.close();
  until.addEventListener('abort', closeOutbox, { once: true });
  const patience = patientSignal(until, sink, clock);
  try {
    for (;;) {
      const block = await outbox.take();
      if (block === null) return;
      const startedMs = clock.monotonicMs();
      const messages = block.flatMap(({ message }) => message ?? []);
      await failpoint('feed.before-write');
      await sink.write(messages, patience.signal);
      await failpoint('feed.after-write');
      const reached = block.findLast(({ position }) => position !== null)?.position ?? null;
      if (reached !== null && reached > following.position) await following.handledUntil(reached);
      await failpoint('feed.after-position');
      progress.written(messages.length);
      tell(attempt, block, (clock.monotonicMs() - startedMs) / 1000);
    }
  } finally {
    patience.end();
    until.removeEventListener('abort', closeOutbox);
  }
}

function tell(
  { standing, metrics, following }: Attempt,
  block: readonly Outgoing[],
  seconds: number,
): void {
  const messages = block.flatMap(({ message }) => message ?? []);
  const batch = {
    transactions: block.filter(({ position, message }) => position !== null && message).length,
    changes: messages.length,
    bytes: messages.reduce((sum, { payload }) => sum + payload.length, 0),
    seconds,
  };
  const committedAt = block.findLast((one) => one.committedAt !== null)?.committedAt;
  if (committedAt)
    standing.applied({ ...batch, commitTimeUs: BigInt(committedAt.getTime()) * 1000n });
  standing.confirmed(following.position);
  metrics.applied(batch);
  metrics.flushed();
}

/** Ends with REPLICATE_TABLE_ADDED when a followed table has a new partition; other new tables are told in the log. */
async function watch(attempt: Attempt, signal: AbortSignal): Promise<void> {
  const { log, clock } = attempt;
  const { source, plan } = attempt.following;
  const { tables } = attempt.options;
  const added = await watchTables({ source, plan, tables, log, clock, signal });
  if (added !== null) throw new SluiceError('REPLICATE_TABLE_ADDED', { table: added });
}

/** Aborts with `signal` when the sink is in trouble, else a while later. */
function patientSignal(
  signal: AbortSignal,
  sink: Sink,
  clock: Clock,
): { signal: AbortSignal; end(): void } {
  const hurry = new AbortController();
  const over = new AbortController();
  const stop = (): void => {
    if (sink.trouble !== undefined) hurry.abort(signal.reason);
    else
      clock.sleep(STOP_PATIENCE_MS, over.signal).then(
        () => hurry.abort(signal.reason),
        () => undefined,
      );
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return {
    signal: hurry.signal,
    end: () => {
      signal.removeEventListener('abort', stop);
      over.abort();
    },
  };
}
