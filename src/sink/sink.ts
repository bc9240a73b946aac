import type { Finding, Service } from '../service/index.ts';

/** One thing that leaves: a queue's event, or a row's change. The sink keeps no reference to it. */
export interface SinkMessage {
  /**
   * The same in every delivery of this message, and no other message's: what a receiver knows a repetition by.
   * `orders:12:345` is event 345 of batch 12 of queue orders.
   */
  readonly id: string;
  /** Where it belongs, from the general to the special: `['public', 'orders']`. Never empty. */
  readonly subject: readonly string[];
  /** Messages of one key stay in order wherever a sink spreads them; null: those of one subject do. */
  readonly key: string | null;
  /** May be empty. */
  readonly payload: Uint8Array;
  /** Beside those the sink writes itself. Names are ASCII tokens, values any text. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where its source is behind it: an LSN, a tick. */
  readonly position: string;
  /** The transaction that it is a part of, as the source calls it. */
  readonly transaction: string | null;
}

/** What a receiver may rely on. */
export interface Delivery {
  /**
   * - `at-least-once`: everything arrives; what was under way in a crash may arrive again, under the same id
   * - `effectively-once`: it does not, as long as what `dependsOn` says is kept
   */
  readonly guarantee: 'at-least-once' | 'effectively-once';
  /** A sentence for a person. */
  readonly dependsOn: string;
  /** `total`: as written; `per-key`: messages of one key as written, others in any order. */
  readonly order: 'total' | 'per-key';
}

/**
 * Where events and changes leave for another engine. One shared suite, `test/sink/sink-conformance.ts`, checks each
 * implementation.
 *
 * As a service: `start` connects, and `ready` resolves once the other side would take messages; what may pass is
 * tried again for as long as it takes, what needs a person rejects `ready`.
 */
export interface Sink extends Service {
  readonly name: string;
  readonly delivery: Delivery;
  /** Why it does not get on just now, when it is trying again. */
  readonly trouble: string | undefined;
  /** Looks at the other side before the work (P10) and changes nothing. For a sink that was not started, too. */
  check(signal: AbortSignal): Promise<Finding[]>;
  /**
   * Delivers messages in their order and resolves once the other side has them durably; until then the caller
   * may forget none, and should not make many more: that is the push-back. Blocks that are written while another is
   * under way wait for it. A lost connection, a busy or dead other side is waited for, without an end; at most a
   * bounded part of a block is under way at any moment.
   *
   * After an error or an abort any of the messages may have arrived: write all of them again, under the same ids.
   *
   * Before the sink is ready, it waits for that.
   *
   * @throws SluiceError SERVICE_STOPPED the sink was stopped; or what kept it from becoming ready
   * @throws SluiceError SINK_* with decision `fix`: this block cannot be delivered as things are
   */
  write(messages: readonly SinkMessage[], signal?: AbortSignal): Promise<void>;
}

/** Keeps what the other side refuses for good, with its reason, so that a person can redrive it (P3). */
export interface DeadLetters {
  /** Resolves once it is kept durably. */
  put(message: SinkMessage, reason: string): Promise<void>;
}
