import type { Client } from 'pg';
import { consumer, runConsumer, type AnyEvent, type BatchContext } from '../queue/index.ts';
import { asError, decisionOf, recordError } from '../service/index.ts';
import type { Connections } from './connections.ts';
import { EventFilter } from './events/event-filter.ts';
import type { JobDeps, JobPlan } from './job.ts';
import type { Statistics } from './statistics.ts';
import { WorkingJob, type WorkingConfig } from './working-job.ts';

/** The settings of every job that reads a queue. */
export interface ConsumerConfig extends WorkingConfig {
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
export class ConsumerJob extends WorkingJob<ConsumerConfig> {
  readonly #work: EventWork;
  readonly #filter: EventFilter;

  constructor(
    plan: JobPlan<ConsumerConfig>,
    makeWork: (tools: WorkTools) => EventWork,
    deps: JobDeps,
  ) {
    super(plan, deps);
    const { connections, statistics } = this;
    this.#filter = new EventFilter(plan.config, () =>
      connections.get('filter', plan.config.source),
    );
    this.#work = makeWork({ connections, statistics });
  }

  /** Anew, with new connections, whenever those have come to their age. */
  protected override async run(signal: AbortSignal): Promise<void> {
    const { config, once } = this.plan;
    const target = this.#work.target;
    while (!signal.aborted) {
      const lifetime = AbortSignal.timeout(config.connection_lifetime * 1000);
      await runConsumer(this.#definition(), {
        db: await this.plan.connectionOf(config.source),
        ...(target !== undefined && { target: await this.plan.connectionOf(target) }),
        once,
        listen: config.listen,
        pollMs: config.loop_delay * 1000,
        signal: once ? signal : AbortSignal.any([signal, lifetime]),
        log: this.deps.log,
        ...(this.deps.clock !== undefined && { clock: this.deps.clock }),
      });
      if (once) return;
    }
  }

  #definition() {
    const { name, config } = this.plan;
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
      await this.statistics.time(async () => {
        const chosen = await this.#filter.choose(events);
        if (chosen.length > 0) await this.#work.handle(chosen, tx, batch);
        this.statistics.add('count', chosen.length);
      });
      this.trouble = undefined;
    } catch (cause) {
      const error = asError(cause);
      this.trouble = recordError(error).message;
      // As the originals do: what stands in the way of the next try is not reused.
      if (decisionOf(error) === 'reconnect') await this.connections.close();
      throw error;
    }
  }
}
