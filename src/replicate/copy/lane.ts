import assert from 'node:assert/strict';
import { sqlstateOf } from '../../service/index.ts';
import { Session, untilAborted, type ConnectionTarget } from '../../session/index.ts';

export interface LaneOptions {
  /** Null for work on the target alone. */
  readonly source: ConnectionTarget | null;
  readonly target: ConnectionTarget;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/**
 * One worker's two sessions, opened when first needed. After a failure both are thrown away, whatever
 * state they are in, and opened anew for the next try: the servers roll back what was under way.
 */
export class Lane {
  readonly #options: LaneOptions;
  #source: Promise<Session> | null = null;
  #target: Promise<Session> | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', this.discard, { once: true });
  }

  get source(): Promise<Session> {
    return (this.#source ??= openSource(this.#options));
  }

  get target(): Promise<Session> {
    return (this.#target ??= openTarget(this.#options));
  }

  readonly discard = (): void => {
    for (const session of [this.#source, this.#target]) {
      // A session that could not be opened told that to whoever waited for it.
      session?.then((open) => open.destroy()).catch(() => undefined);
    }
    this.#source = this.#target = null;
  };

  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.discard);
    const opened = [this.#source, this.#target];
    this.#source = this.#target = null;
    await Promise.all(opened.map(closeOpened));
  }
}

async function closeOpened(opening: Promise<Session> | null): Promise<void> {
  const [session] = await Promise.allSettled([opening]);
  if (session.status === 'fulfilled') await session.value?.close();
}

/** A range is read in the order of its blocks, by one process: a parallel plan would read all of the table. */
const sourceSettings = {
  enable_seqscan: 'off',
  max_parallel_workers_per_gather: '0',
  synchronize_seqscans: 'off',
};

async function openSource({ source, signal }: LaneOptions): Promise<Session> {
  assert(source !== null, 'work that reads the source was told where it is');
  const session = await Session.connect(source, {
    purpose: 'copy',
    side: 'source',
    signal,
    settings: sourceSettings,
  });
  await untilAborted(signal, [session], () => noticeLostClients(session));
  return session;
}

async function openTarget({ target, jobs, signal }: LaneOptions): Promise<Session> {
  const session = await Session.connect(target, {
    purpose: 'copy',
    side: 'target',
    signal,
    settings: {
      // What was committed is not asked about again: a crash must not take it back.
      synchronous_commit: 'local',
      client_min_messages: 'warning',
      vacuum_cost_delay: '0',
    },
  });
  await untilAborted(signal, [session], async () => {
    await noticeLostClients(session);
    await trySetting(session, 'session_replication_role', 'replica');
    await session.query(raiseWorkMem, [sortMemoryKiB(jobs)]);
  });
  return session;
}

/** A backend that builds an index for an hour finds out that nobody waits for it any more. */
async function noticeLostClients(session: Session): Promise<void> {
  await trySetting(session, 'client_connection_check_interval', '5s');
}

/** 2 GiB for all jobs together, at most 1 GiB each: sorts of an index rarely gain from more. */
function sortMemoryKiB(jobs: number): number {
  return Math.floor((2 * 1024 * 1024) / Math.max(jobs, 2));
}

const raiseWorkMem = `select pg_catalog.set_config('maintenance_work_mem',
  greatest($1::bigint, (select setting::bigint from pg_catalog.pg_settings
                        where name = 'maintenance_work_mem'))::text, false)`;

/** False when the role may not, or the platform cannot. */
async function trySetting(session: Session, name: string, value: string): Promise<boolean> {
  try {
    await session.query(`set ${name} = '${value}'`);
    return true;
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    if (sqlstate === '42501' || sqlstate === '22023') return false;
    throw error;
  }
}
