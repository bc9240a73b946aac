import type { Client } from 'pg';
import { SluiceError } from '../../errors/index.ts';
import type { BackoffPolicy, Log } from '../../service/index.ts';
import type { AnyEvent, EventOf, EventSchemas } from './event.ts';
import { defaultRetryPolicy, type RetryPolicy, type Tried } from './verdicts.ts';

/** Where a consumer's effects and the record of what it has handled are committed. */
export const consumerKinds = ['local', 'remote', 'serial', 'cooperative'] as const;
export type ConsumerKind = (typeof consumerKinds)[number];

/** What a handler knows about the batch it works in. */
export interface BatchContext {
  readonly queue: string;
  readonly consumer: string;
  readonly batchId: bigint;
  /** The batch is what was committed between these two ticks. */
  readonly previousTickId: bigint;
  readonly tickId: bigint;
  readonly tickTime: Date;
  /** Which try of this batch it is; 1 is the first. Of an event that came again, `event.retry` says how often it did. */
  readonly attempt: number;
  /** Aborts when the handler's time is up, or the consumer has to end now. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /**
   * This event comes again later (by default when the retry policy says); what else was handled is done. It counts as a
   * failed try: after the last one the event goes to the dead letters.
   */
  retry(event: Tried, options?: { afterMs?: number; reason?: string }): void;
  /** This event goes to the dead letters. */
  bury(event: Tried, reason: string): void;
}

export interface EventContext extends BatchContext {
  /** Which try of this event it is; 1 is the first. */
  readonly eventAttempt: number;
  /** How far a long job is, for people: in `pgq.running_event` and `sluice queue status`. */
  progress(done: number, total?: number, note?: string): void;
}

export interface ConsumerOptions<S extends EventSchemas | undefined = undefined> {
  /** Several are priority lanes: the first that has work is served first. */
  readonly queue: string | readonly string[];
  /** Which consumer of the queue this is: its position has this name. */
  readonly name: string;
  readonly schema?: S;
  /** Events of types that `schema` does not name go to the dead letters, or are passed over. Default `refuse`. */
  readonly otherTypes?: 'refuse' | 'skip';
  /** Default `local`: the handlers write in the queue's own database. */
  readonly kind?: ConsumerKind;
  /** Gets the events of a batch together; this or `onEvent`. */
  onBatch?(events: EventOf<S>[], tx: Client, context: BatchContext): Promise<void> | void;
  /** Gets the events one by one; one that fails does not stop the others. */
  onEvent?(event: EventOf<S>, tx: Client, context: EventContext): Promise<void> | void;
  /** Events that `onBatch` gets at most at a time; a larger batch comes in several calls. Default 10000. */
  readonly maxEvents?: number;
  readonly retry?: { readonly attempts?: number; readonly backoff?: Partial<BackoffPolicy> };
  /**
   * What happens to an event that always fails: it is set aside and comes again later (`set-aside`, the default), or
   * its batch is repeated until it succeeds (`hold`: nothing overtakes anything).
   */
  readonly onFailure?: 'set-aside' | 'hold';
  /** Events handled at the same time; each then has a transaction of its own. Default 1. */
  readonly concurrency?: number;
  /** Events with the same key are handled one after the other, in order, however many others run. */
  orderedBy?(event: EventOf<S>): string | number | bigint | null;
  readonly rateLimit?: { readonly events: number; readonly perMs: number };
  /** How long a handler may take for one call. Default: as long as it likes. */
  readonly timeoutMs?: number;
  /**
   * For long jobs (`onEvent`): an event still running this long after the rest of its batch is done leaves the batch
   * with a lease of this length, which is extended while it runs.
   */
  readonly leaseMs?: number;
  /** Cooperative: the name of this process among those who share the consumer. Default: of host and process. */
  readonly subconsumer?: string;
  /** Cooperative: whoever has not moved for so long is dead, and another takes its batch over. Default 60000. */
  readonly deadAfterMs?: number;
  /** Wait for this many events, or this long, to make batches larger than the ticks are apart. */
  readonly collect?: { readonly events: number; readonly ms: number };
}

export type OnBatch = (
  events: AnyEvent[],
  tx: Client,
  context: BatchContext,
) => Promise<void> | void;

export type OnEvent = (event: AnyEvent, tx: Client, context: EventContext) => Promise<void> | void;

/** What `consumer` makes, and `runConsumer` runs. */
export interface ConsumerDefinition {
  readonly queues: readonly string[];
  readonly name: string;
  readonly schema: EventSchemas | undefined;
  readonly otherTypes: 'refuse' | 'skip';
  readonly kind: ConsumerKind;
  readonly onBatch: OnBatch | undefined;
  readonly onEvent: OnEvent | undefined;
  readonly maxEvents: number;
  readonly retry: RetryPolicy;
  readonly onFailure: 'set-aside' | 'hold';
  readonly concurrency: number;
  readonly orderedBy: ((event: AnyEvent) => string | number | bigint | null) | undefined;
  readonly rateLimit: { readonly events: number; readonly perMs: number } | undefined;
  readonly timeoutMs: number | undefined;
  readonly leaseMs: number | undefined;
  readonly subconsumer: string | undefined;
  readonly deadAfterMs: number;
  readonly collect: { readonly events: number; readonly ms: number } | undefined;
}

/**
 * Says what a consumer is; `runConsumer` and `sluice queue run` run it.
 *
 *     export default consumer({
 *       queue: 'orders', name: 'mailer', schema: OrderEvents,
 *       async onBatch(events, tx) { ... },
 *     });
 *
 * @throws QUEUE_CONSUMER_OPTIONS  the options contradict one another
 */
export function consumer<const S extends EventSchemas | undefined = undefined>(
  options: ConsumerOptions<S>,
): ConsumerDefinition;
export function consumer(options: AnyConsumerOptions): ConsumerDefinition {
  const definition = withDefaults(options);
  const problem = findProblem(definition);
  if (problem !== undefined) {
    throw new SluiceError('QUEUE_CONSUMER_OPTIONS', { consumer: definition.name, problem });
  }
  return definition;
}

/** The options with what their types say of the events taken away. */
interface AnyConsumerOptions extends Omit<
  ConsumerOptions,
  'schema' | 'onBatch' | 'onEvent' | 'orderedBy'
> {
  readonly schema?: EventSchemas;
  onBatch?(events: AnyEvent[], tx: Client, context: BatchContext): Promise<void> | void;
  onEvent?(event: AnyEvent, tx: Client, context: EventContext): Promise<void> | void;
  orderedBy?(event: AnyEvent): string | number | bigint | null;
}

function withDefaults(options: AnyConsumerOptions): ConsumerDefinition {
  const { queue, retry } = options;
  return {
    queues: typeof queue === 'string' ? [queue] : [...queue],
    name: options.name,
    schema: options.schema,
    otherTypes: options.otherTypes ?? 'refuse',
    kind: options.kind ?? 'local',
    onBatch: options.onBatch?.bind(options),
    onEvent: options.onEvent?.bind(options),
    maxEvents: options.maxEvents ?? 10_000,
    retry: {
      attempts: retry?.attempts ?? defaultRetryPolicy.attempts,
      backoff: { ...defaultRetryPolicy.backoff, ...retry?.backoff },
    },
    onFailure: options.onFailure ?? 'set-aside',
    concurrency: options.concurrency ?? 1,
    orderedBy: options.orderedBy?.bind(options),
    rateLimit: options.rateLimit,
    timeoutMs: options.timeoutMs,
    leaseMs: options.leaseMs,
    subconsumer: options.subconsumer,
    deadAfterMs: options.deadAfterMs ?? 60_000,
    collect: options.collect,
  };
}

function findProblem(definition: ConsumerDefinition): string | undefined {
  const { onBatch, onEvent, kind } = definition;
  const isConcurrent = definition.concurrency > 1 || definition.leaseMs !== undefined;
  const problems: readonly (readonly [boolean, string])[] = [
    [definition.name === '', 'it has no name'],
    [definition.queues.length === 0 || definition.queues.includes(''), 'it names no queue'],
    [new Set(definition.queues).size < definition.queues.length, 'it names a queue twice'],
    [(onBatch === undefined) === (onEvent === undefined), 'give either onBatch or onEvent'],
    [!isCount(definition.maxEvents), 'maxEvents is a whole number above 0'],
    [!isCount(definition.concurrency), 'concurrency is a whole number above 0'],
    [!isCount(definition.retry.attempts), 'retry.attempts is a whole number above 0'],
    [isConcurrent && onEvent === undefined, 'concurrency and leaseMs are for onEvent'],
    [isConcurrent && kind === 'serial', 'a serial consumer handles one event at a time'],
    [
      isConcurrent && kind === 'cooperative',
      'a cooperative consumer handles one event at a time in each process: run more of them',
    ],
    [
      definition.leaseMs !== undefined && kind !== 'local',
      'leaseMs is for consumers of kind local: a lease ends in the transaction of its job',
    ],
    [
      definition.orderedBy !== undefined && kind === 'cooperative',
      'orderedBy cannot hold between cooperative processes: use one process with concurrency',
    ],
    [
      definition.orderedBy !== undefined && onEvent === undefined,
      'orderedBy is for onEvent: onBatch gets its events in order',
    ],
    [
      definition.onFailure === 'hold' && isConcurrent,
      'onFailure "hold" and concurrency exclude one another: orderedBy keeps the order of each key',
    ],
  ];
  return problems.find(([isProblem]) => isProblem)?.[1];
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}
