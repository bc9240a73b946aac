import { SluiceError } from '../errors/index.ts';
import type { Clock, Log } from '../service/index.ts';
import type { Session } from '../session/index.ts';
import type { PipelineConnections } from './connections.ts';

/** As PostgreSQL's wal_receiver_timeout: two minutes at most until a half-open connection is noticed. */
export const defaultSilenceLimitMs = 60_000;

export interface ConnectionWatch {
  /** Aborts when a server is silent: connections that others opened to it are of no more use. */
  readonly lost: AbortSignal;
  stop(): Promise<void>;
}

interface WatchOptions {
  readonly silenceLimitMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

type Watched = Pick<PipelineConnections, 'source' | 'target' | 'apply' | 'replication'>;

/**
 * Ends connections whose other end is gone without a word (a cut cable, a firewall that forgot them): TCP takes
 * up to a quarter of an hour to notice, and never does while something between answers for the server. The
 * reader of the slot looks after its own.
 */
export function watchConnections(connections: Watched, options: WatchOptions): ConnectionWatch {
  const lost = new AbortController();
  const stopped = new AbortController();
  const giveUp = (sessions: readonly Session[]): void => {
    const details = { place: sessions[0]!.place, silentMs: options.silenceLimitMs };
    const error = new SluiceError('SESSION_SERVER_SILENT', details);
    options.log.warn('a connection is given up', { error });
    for (const session of sessions) session.destroy();
    lost.abort(error);
  };
  const watching = watch(connections, { ...options, signal: stopped.signal, giveUp });
  // A connection that is lost in another way shows in the work that needs it.
  const ended = watching.catch((error: unknown) =>
    options.log.debug('asking a server has ended', { error }),
  );
  return {
    lost: lost.signal,
    stop: async () => {
      stopped.abort();
      await ended;
    },
  };
}

/**
 * Both servers are asked now and then. The apply session cannot be asked while it works, and may well wait for
 * hours; but the server tells whether it has got what we sent.
 */
async function watch(
  { source, target, apply, replication }: Watched,
  options: WatchOptions & {
    signal: AbortSignal;
    giveUp: (sessions: readonly Session[]) => void;
  },
): Promise<void> {
  const { silenceLimitMs, clock, signal, giveUp } = options;
  let looksIdle = 0;
  while (await slept(clock, silenceLimitMs / 4, signal)) {
    const [isSourceThere, isTargetThere] = await Promise.all([
      answers(source, options),
      answers(target, options),
    ]);
    if (signal.aborted) return;
    if (!isSourceThere) giveUp([source, replication]);
    if (!isTargetThere) giveUp([target, apply]);
    if (!isSourceThere || !isTargetThere) return;
    looksIdle = (await waitsForNobody(apply, target)) ? looksIdle + 1 : 0;
    // Over a whole limit: not the moment between sending and receiving.
    if (looksIdle > 4) return giveUp([apply]);
  }
}

/** We wait for an answer, and the server for a question, or it has forgotten us. */
async function waitsForNobody(apply: Session, target: Session): Promise<boolean> {
  if (!apply.isBusy) return false;
  const { rows } = await target.query(
    'SELECT wait_event AS waits FROM pg_catalog.pg_stat_activity WHERE pid = $1::int',
    [apply.backendPid],
  );
  const [backend] = rows;
  return apply.isBusy && (backend === undefined || backend['waits'] === 'ClientRead');
}

/** False when nothing came within the limit, or the watch is over. */
async function answers(
  session: Session,
  { silenceLimitMs, clock, signal }: WatchOptions & { signal: AbortSignal },
): Promise<boolean> {
  const late = new AbortController();
  const limit = AbortSignal.any([late.signal, signal]);
  try {
    return await Promise.race([
      session.query('SELECT').then(() => true),
      slept(clock, silenceLimitMs, limit).then(() => false),
    ]);
  } finally {
    late.abort();
  }
}

async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
