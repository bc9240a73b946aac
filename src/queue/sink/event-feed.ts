import {
  isAbort,
  WorkingService,
  type Clock,
  type Log,
  type Metrics,
} from '../../service/index.ts';
import type { ConnectionTarget } from '../../session/index.ts';
import { encodeEvent, type Sink } from '../../sink/index.ts';
import { consumer, type BatchContext } from '../consumer/definition.ts';
import type { QueueEvent } from '../consumer/event.ts';
import { runConsumer } from '../consumer/run-consumer.ts';

export interface EventFeedOptions {
  /** As messages call the feed. */
  readonly name: string;
  /** The database that has the queue. */
  readonly db: ConnectionTarget | string;
  readonly queue: string;
  /** Which consumer of the queue this is. */
  readonly consumer: string;
  /** What of an event keeps its order in a sink that spreads. Default: all events of the queue stay in order. */
  readonly key?: 'type' | 'extra1' | 'extra2' | 'extra3' | 'extra4' | undefined;
}

export interface EventFeedDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock?: Clock | undefined;
}

export interface EventFeedStatus {
  readonly queue: string;
  readonly consumer: string;
  readonly sink: string;
  /** That the sink has durably, since the start. */
  readonly events: number;
}

/** Events that are written at a time. */
const blockEvents = 1_000;

/**
 * A queue's events into a sink. A batch is finished once the sink has all of it durably; one that was under way in a
 * crash comes again, under the same number, and so its messages under the same ids.
 */
export class EventFeed extends WorkingService {
  readonly #options: EventFeedOptions;
  readonly #sink: Sink;
  readonly #deps: EventFeedDeps;
  readonly #sent: ReturnType<typeof declareSent>;
  #events = 0;

  /** @param sink  not started; it starts and stops with the feed */
  constructor(options: EventFeedOptions, sink: Sink, deps: EventFeedDeps) {
    super(`queue.sinks.${options.name}`);
    this.#options = options;
    this.#sink = sink;
    this.#deps = deps;
    this.#sent = declareSent(deps.metrics);
  }

  get trouble(): string | undefined {
    return this.#sink.trouble;
  }

  status(): EventFeedStatus {
    const { queue, consumer: name } = this.#options;
    return { queue, consumer: name, sink: this.#sink.name, events: this.#events };
  }

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const stopSink = (): void => void this.#sink.stop();
    try {
      this.#sink.start();
      signal.addEventListener('abort', stopSink, { once: true });
      await this.#sink.ready;
      signal.removeEventListener('abort', stopSink);
      becomeReady();
      await this.#consume(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stopSink);
      await this.#sink.stop();
    }
  }

  async #consume(signal: AbortSignal): Promise<void> {
    const { db, queue, consumer: name } = this.#options;
    const { log, clock } = this.#deps;
    const refused = new AbortController();
    const definition = consumer({
      queue,
      name,
      maxEvents: blockEvents,
      onFailure: 'hold',
      onBatch: async (events, _tx, context) => {
        try {
          await this.#write(events, context);
        } catch (error) {
          // What passes the sink waits for itself: this needs a person.
          if (!isAbort(error, context.signal)) refused.abort(error);
          throw error;
        }
      },
    });
    await runConsumer(definition, {
      db,
      handlesElsewhere: true,
      signal: AbortSignal.any([signal, refused.signal]),
      log,
      ...(clock !== undefined && { clock }),
    });
    refused.signal.throwIfAborted();
  }

  async #write(events: readonly QueueEvent[], context: BatchContext): Promise<void> {
    const { queue, key } = this.#options;
    const of = { queue, batchId: context.batchId, tick: context.tickId };
    const messages = events.map((event) =>
      encodeEvent(event, of, key === undefined ? null : event[key]),
    );
    await this.#sink.write(messages, context.signal);
    this.#events += events.length;
    this.#sent.add({ queue, sink: this.#sink.name }, events.length);
  }
}

function declareSent(metrics: Metrics) {
  return metrics.counter({
    room: 'queue',
    thing: 'sent',
    unit: 'events',
    help: 'Events that a sink has durably.',
    labels: ['queue', 'sink'],
  });
}
