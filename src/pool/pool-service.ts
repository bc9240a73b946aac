import { dirname } from 'node:path';
import type { ThreadPlace } from './cancels.ts';
import { Lifecycle, type Log, type Metrics, type Service } from '../service/index.ts';
import type { PoolerConfig } from './config/index.ts';
import type { ConsoleLogin } from './console-login.ts';
import { Consoles } from './console/index.ts';
import { Janitor } from './janitor.ts';
import type { LegOwner } from './leg.ts';
import { Listener, type ListenSettings } from './listener.ts';
import { poolMetrics } from './metrics.ts';
import { Operations } from './operations.ts';
import { ParameterSet } from './parameters.ts';
import { Refusal } from './refusal.ts';
import { describePool, type PoolStatus } from './pool-status.ts';
import { Pooler } from './pooler.ts';
import { HandOver, type ProcessParts } from './takeover/handover.ts';
import type { Launch } from './takeover/launch.ts';
import type { Predecessor } from './takeover/predecessor.ts';
import { ConsoleDoor } from './threads/console-door.ts';
import { Crew } from './threads/crew.ts';
import { Lending } from './threads/lending.ts';
import { SharedCounts } from './threads/shared-counts.ts';

export interface PoolServiceOptions {
  /** Reads the configuration: at start, and again for each RELOAD. @throws what is wrong with it */
  readonly load: () => Promise<PoolerConfig>;
  readonly log: Log;
  /** Of the program, for SHOW VERSION. */
  readonly version: string;
  /** Where its numbers are to be read, while it runs. */
  readonly metrics?: Metrics;
  /** This is not the first thread of the pooler: the console is in another one. */
  readonly thread?: ThreadOptions | undefined;
  /** The process that this one takes over from. */
  readonly predecessor?: Predecessor | undefined;
  /** What of its process another one takes over with the pooler. Absent: none can. */
  readonly parts?: ProcessParts | undefined;
  /** How long transactions under way may take once it is stopped, in milliseconds. Default 0: they are cut. */
  readonly graceMs?: number;
}

/** How a further thread is tied to the others. */
export interface ThreadOptions extends ThreadPlace {
  readonly counts: SharedCounts;
  /** That the first thread listens on. */
  readonly port: number;
  /** Leads an operator to the console. */
  readonly console: (login: ConsoleLogin) => LegOwner;
}

/** The parts of one running pooler. */
interface Running {
  readonly pooler: Pooler;
  readonly listener: Listener;
  readonly janitor: Janitor;
  readonly operations: Operations;
  readonly consoles: Consoles;
  readonly counts: SharedCounts;
  /** The other threads, and where their operators come in; null: there is only this one. */
  crew: { readonly crew: Crew; readonly door: ConsoleDoor } | null;
  /** Resolves when an operator has shut it down. */
  readonly isShutDown: Promise<void>;
}

/**
 * A whole pooler: configuration, sockets, pools, console and operations. The command line, the daemon and
 * tests run this one.
 *
 * It ends when it is stopped or when an operator shuts it down (console, signal); `finished` tells which
 * error kept it from starting.
 */
export class PoolService implements Service {
  readonly #options: PoolServiceOptions;
  #handOver: HandOver | null = null;
  /** Read by the process that takes over, for both. */
  #givenConfig: PoolerConfig | null = null;
  readonly #life = new Lifecycle('pool', (signal, becomeReady) => this.#run(signal, becomeReady));
  #running: Running | null = null;

  constructor(options: PoolServiceOptions) {
    this.#options = options;
  }

  /** @throws POOL_CONFIG, POOL_AUTH_*, POOL_LISTEN, SESSION_*  by rejecting: it cannot start like that */
  get ready(): Promise<void> {
    return this.#life.ready;
  }

  get finished(): Promise<void> {
    return this.#life.finished;
  }

  /** Null before it is ready and after it has ended. */
  get operations(): Operations | null {
    return this.#running?.operations ?? null;
  }

  /** Null before it is ready and after it has ended. */
  get pooler(): Pooler | null {
    return this.#running?.pooler ?? null;
  }

  /** Null before it is ready and after it has ended. */
  get listener(): Listener | null {
    return this.#running?.listener ?? null;
  }

  /** Null before it is ready and after it has ended. */
  get consoles(): Consoles | null {
    return this.#running?.consoles ?? null;
  }

  /** Sockets and folders that it has made, for a process that becomes another user: they must be its own. */
  get ownPaths(): string[] {
    const { listener, crew } = this.#running ?? {};
    const sockets = (listener?.addresses ?? []).filter((address) => address.startsWith('/'));
    const door = crew?.door.path;
    return door === undefined ? sockets : [...sockets, dirname(door), door];
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  status(): PoolStatus | undefined {
    if (this.#running === null) return undefined;
    const { consoles, listener } = this.#running;
    return describePool(consoles, listener.addresses);
  }

  async #run(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const running = await this.#assemble();
    const { listener, janitor, consoles, operations, pooler } = running;
    const lending = new Lending(pooler);
    const forgetMetrics = this.#options.metrics?.collect(() => poolMetrics(consoles));
    const { predecessor } = this.#options;
    try {
      await listener.open(await predecessor?.begin());
      this.#running = running;
      predecessor?.attach(running);
      await this.#startCrew(running);
      janitor.start();
      consoles.statistics.start();
      if (pooler.threadCount > 1) lending.start();
      this.#options.log.info('listening', { addresses: listener.addresses });
      becomeReady();
      await untilOver(running, signal);
      if (signal.aborted) await this.#shutDown(operations);
    } finally {
      forgetMetrics?.();
      lending.stop();
      await close(running);
      this.#running = null;
    }
  }

  async #assemble(): Promise<Running> {
    const { log, version } = this.#options;
    const config = await this.#options.load();
    for (const warning of config.warnings) log.warn('config', { warning });
    const shutDown = Promise.withResolvers<void>();
    const { thread } = this.#options;
    const counts = thread?.counts ?? new SharedCounts();
    const listener = new Listener(listenSettings(config, thread), (leg) => pooler.take(leg));
    const pooler: Pooler = await Pooler.make({
      config,
      log,
      counts,
      thread: thread ?? this.#place(config),
      console: (_pooler, login) => thread?.console(login) ?? consoles.open(login),
    });
    const { predecessor } = this.#options;
    const others = isFirstOfMany(config, thread) ? this : undefined;
    const operations = new Operations(pooler, {
      listener,
      load: async () => {
        const loaded = this.#givenConfig ?? (await this.#options.load());
        this.#givenConfig = null;
        if (this.#running?.crew) this.#running.crew.crew.config = loaded;
        return loaded;
      },
      onShutdown: shutDown.resolve,
      get others() {
        return predecessor?.isFollowing === true ? predecessor : others;
      },
      handOver: this.#options.parts && ((launch) => this.#startHandOver(launch, shutDown.resolve)),
    });
    const consoles = new Consoles(operations, version);
    return {
      pooler,
      listener,
      janitor: new Janitor(pooler),
      operations,
      consoles,
      counts,
      crew: null,
      isShutDown: shutDown.promise,
    };
  }

  /** The same operation in every other thread. */
  async operate(...args: Parameters<Crew['operate']>): Promise<void> {
    await this.#running?.crew?.crew.operate(...args);
  }

  /** This process serves, and the one before it is to leave. Nothing without one. */
  async takeOver(): Promise<void> {
    const { predecessor } = this.#options;
    const listener = this.#running?.listener;
    if (predecessor === undefined || listener === undefined) return;
    await predecessor.ready(listener.asked);
    listener.isShared = false;
  }

  async #startHandOver(launch: Launch, onOver: () => void): Promise<void> {
    const { predecessor, parts } = this.#options;
    const running = this.#running;
    if (running === null || parts === undefined) throw new Refusal('08P01', 'it does not run');
    if (this.#handOver !== null) throw new Refusal('08P01', 'already handing over');
    const handOver = new HandOver(
      {
        ...running,
        parts,
        useConfig: (config) => (this.#givenConfig = config),
        hasPredecessor: () => predecessor?.isThere === true,
        onOver,
        onFailed: () => (this.#handOver = null),
      },
      launch,
    );
    this.#handOver = handOver;
    await handOver.ready;
  }

  /** The first thread among `workers`. */
  #place({ settings }: PoolerConfig): ThreadPlace {
    return {
      index: 0,
      count: settings.workers,
      cancel: async (pid, key) => {
        await this.#running?.crew?.crew.cancel(pid % settings.workers, pid, key);
      },
    };
  }

  async #startCrew(running: Running): Promise<void> {
    const { pooler, listener, consoles, counts } = running;
    const { thread, log, version } = this.#options;
    const { port } = listener;
    if (!isFirstOfMany(pooler.config, thread) || port === null) return;
    const nothing = new ParameterSet(pooler.tracked);
    const door = await ConsoleDoor.open((login) => consoles.open(login), nothing);
    const cancel = (pid: number, key: Buffer): Promise<void> => pooler.cancels.cancel(pid, key);
    try {
      const options = {
        config: pooler.config,
        counts,
        port,
        door: door.path,
        version,
        log,
        cancel,
      };
      running.crew = { crew: await Crew.start(options), door };
      consoles.others = running.crew.crew;
    } catch (error) {
      door.close();
      throw error;
    }
  }

  /** Transactions may end for as long as there is grace; a paused pooler has none that can. */
  async #shutDown(operations: Operations): Promise<void> {
    const { graceMs = 0 } = this.#options;
    if (graceMs === 0 || operations.isPaused || operations.isShuttingDown) {
      await operations.shutdown('immediate');
      return;
    }
    const hurry = setTimeout(() => void operations.shutdown('immediate'), graceMs);
    try {
      await operations.shutdown('wait_for_servers');
    } finally {
      clearTimeout(hurry);
    }
  }
}

async function close({ pooler, listener, janitor, consoles, crew }: Running): Promise<void> {
  await crew?.crew.stop();
  crew?.door.close();
  janitor.stop();
  consoles.statistics.stop();
  consoles.close();
  for (const handshake of pooler.handshakes) handshake.leg.destroy();
  await Promise.all([listener.close(), pooler.authQueries.close(true)]);
}

/** @throws POOL_THREAD_ENDED  clients of the threads that are left have heard of it */
async function untilOver(
  { isShutDown, crew, operations }: Running,
  signal: AbortSignal,
): Promise<void> {
  const failed = crew === null ? [] : [crew.crew.failed];
  try {
    await Promise.race([isShutDown, untilAborted(signal), ...failed]);
  } catch (error) {
    await operations.shutdown('immediate');
    throw error;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

function isFirstOfMany({ settings }: PoolerConfig, thread: ThreadOptions | undefined): boolean {
  return thread === undefined && settings.workers > 1;
}

/** Threads share one port; the Unix socket is the first one's. */
function listenSettings(
  { settings }: PoolerConfig,
  thread: ThreadOptions | undefined,
): ListenSettings {
  if (thread !== undefined) {
    return { ...settings, listen_port: thread.port, so_reuseport: true, unix_socket_dir: '' };
  }
  return settings.workers > 1 ? { ...settings, so_reuseport: true } : settings;
}
