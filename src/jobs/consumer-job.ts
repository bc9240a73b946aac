import type { Client } from 'pg';
import { consumer, runConsumer, type AnyEvent, type BatchContext } from '../queue/index.ts';
import { asError, decisionOf, Lifecycle, recordError, systemClock } from '../service/index.ts';
import { Connections } from './connections.ts';
import { EventFilter } from './events/event-filter.ts';
import type { Job, JobDeps, JobPlan, JobStatus } from './job.ts';
import { Statistics } from './statistics.ts';

/** The settings of every job that reads a queue. */
export interface ConsumerConfig {
  readonly kind: string;
  readonly source: string;
  readonly queue: string;
  readonly consumer?: string | undefined;
  readonly tables?: string[] | undefined;
  readonly filter?: string | undefined;
  readonly max_events: number;
  readonly collect_events?: number | undefined;
  readonly collect_interval?: number | undefined;
  readonly listen: boolean;
  readonly loop_delay: number;
  readonly stats_period: number;
  readonly connection_lifetime: number;
  readonly on_failure: 'hold' | 'set-aside';
}

/** What the events of a queue are for. */
export interface EventWork {
  /** The database that `tx` is a transaction in, with the position (serial); without it, the queue's own. */
  readonly target?: string;
  /** Gets events in order. `tx` is the transaction that also finishes the batch. */
  handle(events: AnyEvent[], tx: Client, batch: BatchContext): Promise<void>;
  /** True for effects outside of `tx`: events then come one by one, so that one that fails is alone. */
  readonly oneByOne?: boolean;
}

/** What the work of a job may use beside its transaction. */
export interface WorkTools {
  readonly connections: Connections;
  readonly statistics: Statistics;
}

/** Larger than any batch. */
const unlimitedEvents = 2 ** 31 - 1;
const longestCollectMs = 3_600_000;

/** A job that reads a queue. */
export class ConsumerJob implements Job {
  readonly #plan: JobPlan<ConsumerConfig>;
  readonly #deps: JobDeps;
  readonly #work: EventWork;
  readonly #statistics: Statistics;
  readonly #connections: Connections;
  readonly #filter: EventFilter;
  readonly #life: Lifecycle;
  #trouble: string | undefined;

  constructor(
    plan: JobPlan<ConsumerConfig>,
    makeWork: (tools: WorkTools) => EventWork,
    deps: JobDeps,
  ) {
    const { name, config } = plan;
    const log = deps.log.child({ job: name });
    this.#plan = plan;
    this.#deps = { ...deps, log };
    this.#statistics = new Statistics(name, this.#deps);
    this.#connections = new Connections({
      connectionOf: (database) => plan.connectionOf(database),
      job: name,
      lifetimeMs: config.connection_lifetime * 1000,
      clock: deps.clock,
    });
    this.#filter = new EventFilter(config, () => this.#connections.get('filter', config.source));
    this.#work = makeWork({ connections: this.#connections, statistics: this.#statistics });
    this.#life = new Lifecycle(`job ${name}`, (signal, becomeReady) =>
      this.#run(signal, becomeReady),
    );
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  get finished(): Promise<void> {
    return this.#life.finished;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  status(): JobStatus {
    const { name, config } = this.#plan;
    const { totals } = this.#statistics;
    return { job: name, kind: config.kind, totals, trouble: this.#trouble ?? null };
  }

  async #run(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const { clock = systemClock } = this.#deps;
    const stopReports = clock.every(this.#plan.config.stats_period * 1000, () => this.#report());
    try {
      becomeReady();
      await this.#consume(signal);
    } finally {
      stopReports();
      this.#report();
      await this.#connections.close();
    }
  }

  /** Anew, with new connections, whenever those have come to their age. */
  async #consume(signal: AbortSignal): Promise<void> {
    const { config, once } = this.#plan;
    const target = this.#work.target;
    while (!signal.aborted) {
      const lifetime = AbortSignal.timeout(config.connection_lifetime * 1000);
      await runConsumer(this.#definition(), {
        db: await this.#plan.connectionOf(config.source),
        ...(target !== undefined && { target: await this.#plan.connectionOf(target) }),
        once,
        listen: config.listen,
        pollMs: config.loop_delay * 1000,
        signal: once ? signal : AbortSignal.any([signal, lifetime]),
        log: this.#deps.log,
        ...(this.#deps.clock !== undefined && { clock: this.#deps.clock }),
      });
      if (once) return;
    }
  }

  #definition() {
    const { name, config } = this.#plan;
    const { collect_events: events, collect_interval: interval } = config;
    const common = {
      queue: config.queue,
      name: config.consumer ?? name,
      kind: this.#work.target === undefined ? 'local' : 'serial',
      maxEvents: config.max_events,
      onFailure: config.on_failure,
      ...((events ?? interval) !== undefined && {
        collect: {
          events: events ?? unlimitedEvents,
          ms: interval === undefined ? longestCollectMs : interval * 1000,
        },
      }),
    } as const;
    if (this.#work.oneByOne !== true) {
      return consumer({ ...common, onBatch: (events, tx, batch) => this.#take(events, tx, batch) });
    }
    return consumer({ ...common, onEvent: (event, tx, batch) => this.#take([event], tx, batch) });
  }

  async #take(events: AnyEvent[], tx: Client, batch: BatchContext): Promise<void> {
    try {
      await this.#statistics.time(async () => {
        const chosen = await this.#filter.choose(events);
        if (chosen.length > 0) await this.#work.handle(chosen, tx, batch);
        this.#statistics.add('count', chosen.length);
      });
      this.#trouble = undefined;
    } catch (cause) {
      const error = asError(cause);
      this.#trouble = recordError(error).message;
      // As the originals do: what stands in the way of the next try is not reused.
      if (decisionOf(error) === 'reconnect') await this.#connections.close();
      throw error;
    }
  }

  #report(): void {
    if (this.#statistics.flush()) this.#deps.onStatistics?.(this.status());
  }
}
