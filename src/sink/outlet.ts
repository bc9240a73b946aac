import type { Finding } from '../service/index.ts';
import type { Delivery, SinkMessage } from './sink.ts';

/**
 * What one kind of sink does itself: to connect, to try once. When to try again, in which order blocks go and how all
 * of it ends is `RetryingSink`'s matter. Never called twice at the same time.
 */
export interface Outlet {
  readonly delivery: Delivery;
  check(signal: AbortSignal): Promise<Finding[]>;
  /** Connects, after a `close` too. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Tries to deliver. `onDurable` is told of each that arrived, from the first on and without gaps; what it was told
   * of is not handed in again. An error with decision `retry` or `reconnect` says that another try may help, behind
   * a `close` and `open` for `reconnect`.
   */
  deliver(
    messages: readonly SinkMessage[],
    onDurable: () => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Fine when it is not open. */
  close(): Promise<void>;
  /** How long the other side asked to be left alone when it last failed. */
  readonly pauseMs?: number;
}
