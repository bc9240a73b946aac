import { Worker } from 'node:worker_threads';
import { SluiceError } from '../../errors/index.ts';
import type { Log } from '../../service/index.ts';
import type { PoolerConfig } from '../config/index.ts';
import { Calls } from './calls.ts';
import type {
  CancelAsked,
  LogLine,
  OperationAsked,
  OtherThreads,
  SharedOperation,
  ThreadReport,
} from './other-threads.ts';
import { packConfig } from './pack-config.ts';
import type { SharedCounts } from './shared-counts.ts';
import type { ThreadStart } from './thread-start.ts';

export interface CrewOptions {
  readonly config: PoolerConfig;
  readonly counts: SharedCounts;
  /** The port that the first thread listens on; the others share it. */
  readonly port: number;
  /** Where consoles go. */
  readonly door: string;
  readonly version: string;
  readonly log: Log;
  /** A cancel request for one of the first thread's clients. */
  readonly cancel: (pid: number, key: Buffer) => Promise<void>;
}

/** How old a report may be that a metric is made of. */
const reportMs = 1_000;

interface Member {
  readonly worker: Worker;
  readonly calls: Calls;
  readonly ended: Promise<void>;
}

/** The other threads of a pooler, as the first one, which has the console, sees them. */
export class Crew implements OtherThreads {
  reports: readonly ThreadReport[] = [];
  readonly #options: CrewOptions;
  readonly #members: Member[] = [];
  #config: PoolerConfig;
  #timer: NodeJS.Timeout | null = null;
  #isStopping = false;
  readonly #failed = Promise.withResolvers<never>();

  private constructor(options: CrewOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#failed.promise.catch(() => undefined); // whoever waits for it hears of it
  }

  /** @throws what keeps one of them from starting */
  static async start(options: CrewOptions): Promise<Crew> {
    const crew = new Crew(options);
    const count = options.config.settings.workers;
    try {
      for (let index = 1; index < count; index++)
        crew.#members.push(crew.#startMember(index, count));
      await Promise.all(crew.#members.map(({ calls }) => calls.ask('ready', null)));
    } catch (error) {
      await crew.stop();
      throw error;
    }
    crew.#timer = setInterval(() => void crew.refresh(), reportMs);
    crew.#timer.unref();
    return crew;
  }

  /** What RELOAD has read: the others take it over by the `reload` that follows. */
  set config(config: PoolerConfig) {
    this.#config = config;
  }

  async operate(
    operation: SharedOperation,
    args: readonly (string | number | null)[],
    signal?: AbortSignal,
  ): Promise<void> {
    const config = operation === 'reload' ? packConfig(this.#config) : null;
    const members = operation === 'killClient' ? this.#memberOf(Number(args[0])) : this.#members;
    const argument: OperationAsked = { operation, args, config };
    // Those that are told to end do so.
    if (operation === 'shutdown') this.#isStopping = true;
    const results = await Promise.allSettled(
      members.map(({ calls }) => calls.ask('operate', argument, signal)),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async refresh(): Promise<void> {
    const asked = this.#members.map(({ calls }) => calls.ask<ThreadReport>('report', null));
    const reports = await Promise.allSettled(asked);
    this.reports = reports.flatMap((report) =>
      report.status === 'fulfilled' ? [report.value] : [],
    );
  }

  /** A cancel request for a client of thread `index`. */
  async cancel(index: number, pid: number, key: Buffer): Promise<void> {
    await this.#members[index - 1]?.calls.ask('cancel', { pid, key: key.toString('hex') });
  }

  /** Rejects when one of them ends unasked: what it had counted as its own is lost to the others. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const { worker } of this.#members) void worker.terminate();
    await Promise.all(this.#members.map(({ ended }) => ended));
  }

  /** Numbers of clients tell which thread they are of. */
  #memberOf(clientId: number): Member[] {
    const member = this.#members[(clientId % (this.#members.length + 1)) - 1];
    return member === undefined ? [] : [member];
  }

  #startMember(index: number, count: number): Member {
    const { counts, port, door, version, log } = this.#options;
    const start: ThreadStart = {
      index,
      count,
      memory: counts.memory,
      config: packConfig(this.#config),
      port,
      door,
      version,
    };
    const file = import.meta.url.endsWith('.ts') ? './thread-main.ts' : './thread-main.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData: start });
    const ended = Promise.withResolvers<void>();
    const calls = new Calls(worker, {
      log: ({ level, message, fields }: LogLine) => {
        log[level](message, fields);
        return Promise.resolve();
      },
      cancel: (asked: CancelAsked) => this.#cancelFor(asked),
    });
    worker.on('error', (error) =>
      log.error('a thread of the pooler failed', { error, thread: index }),
    );
    worker.on('exit', () => {
      calls.end();
      ended.resolve();
      if (!this.#isStopping) this.#failed.reject(new SluiceError('POOL_THREAD_ENDED', { index }));
    });
    return { worker, calls, ended: ended.promise };
  }

  /** A member has been asked to cancel what belongs to another thread. */
  async #cancelFor({ pid, key }: CancelAsked): Promise<void> {
    const index = pid % (this.#members.length + 1);
    const bytes = Buffer.from(key, 'hex');
    if (index === 0) await this.#options.cancel(pid, bytes);
    else await this.cancel(index, pid, bytes);
  }
}
