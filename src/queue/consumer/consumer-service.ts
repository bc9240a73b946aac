import { WorkingService, type Clock, type Log } from '../../service/index.ts';
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
export class ConsumerService extends WorkingService {
  readonly #definition: ConsumerDefinition;
  readonly #options: RunConsumerOptions;
  #totals: Totals | null = null;

  constructor(
    definition: ConsumerDefinition,
    options: Omit<RunConsumerOptions, 'signal' | 'log' | 'clock'>,
    { log, clock }: { readonly log: Log; readonly clock?: Clock | undefined },
  ) {
    super(`consumer ${definition.name}`);
    this.#definition = definition;
    this.#options = { ...options, log, ...(clock !== undefined && { clock }) };
  }

  status(): ConsumerStatus {
    const { queues, name } = this.#definition;
    return { queues, consumer: name, totals: this.#totals };
  }

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    becomeReady();
    this.#totals = await runConsumer(this.#definition, { ...this.#options, signal });
  }
}
