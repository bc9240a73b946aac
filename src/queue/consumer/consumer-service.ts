import { Lifecycle, type Clock, type Log, type Service } from '../../service/index.ts';
import type { Totals } from './consume-batches.ts';
import type { ConsumerDefinition } from './definition.ts';
import { runConsumer } from './run-consumer.ts';
import type { RunConsumerOptions } from './run-options.ts';

export interface ConsumerStatus {
  readonly queues: readonly string[];
  readonly consumer: string;
  /** What was done, once it has ended. */
  readonly totals: Totals | null;
}

/** A consumer as a part of a process. */
export class ConsumerService implements Service {
  readonly #definition: ConsumerDefinition;
  readonly #life: Lifecycle;
  #totals: Totals | null = null;

  constructor(
    definition: ConsumerDefinition,
    options: Omit<RunConsumerOptions, 'signal' | 'log' | 'clock'>,
    deps: { readonly log: Log; readonly clock?: Clock | undefined },
  ) {
    this.#definition = definition;
    const { log, clock } = deps;
    this.#life = new Lifecycle(`consumer ${definition.name}`, async (signal, becomeReady) => {
      becomeReady();
      this.#totals = await runConsumer(definition, {
        ...options,
        signal,
        log,
        ...(clock !== undefined && { clock }),
      });
    });
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  get finished(): Promise<void> {
    return this.#life.finished;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  status(): ConsumerStatus {
    const { queues, name } = this.#definition;
    return { queues, consumer: name, totals: this.#totals };
  }
}
