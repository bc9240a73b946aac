import type { Session } from '../../session/index.ts';
import { systemClock, type Clock } from '../../service/index.ts';
import { parseLsn, type Lsn } from '../../wire/index.ts';

interface Unflushed {
  readonly position: Lsn;
  /** The target's WAL up to here holds the commit. */
  readonly targetLsn: Lsn;
}

/**
 * Knows which source positions are durable on the target (P2). The apply session commits with
 * synchronous_commit off: a commit is durable once the target's WAL is flushed behind it.
 */
export class FlushTracker {
  readonly #session: Session;
  readonly #onFlushed: (position: Lsn) => void;
  readonly #clock: Clock;
  readonly #unflushed: Unflushed[] = [];

  constructor(session: Session, onFlushed: (position: Lsn) => void, clock: Clock = systemClock) {
    this.#session = session;
    this.#onFlushed = onFlushed;
    this.#clock = clock;
  }

  get isWaiting(): boolean {
    return this.#unflushed.length > 0;
  }

  /**
   * @param inserted the target's WAL position behind the commit
   * @param flushed how far the target's WAL was flushed when asked
   */
  committed(position: Lsn, inserted: Lsn, flushed: Lsn): void {
    this.#unflushed.push({ position, targetLsn: inserted });
    this.#release(flushed);
  }

  async poll(): Promise<void> {
    const { rows } = await this.#session.query(
      'SELECT pg_catalog.pg_current_wal_flush_lsn() AS lsn',
    );
    this.#release(parseLsn(rows[0]!['lsn']!));
  }

  /** Resolves when everything committed is flushed; the WAL writer does that within its delay. */
  async wait(): Promise<void> {
    while (this.isWaiting) {
      await this.poll();
      if (this.isWaiting) await this.#clock.sleep(20);
    }
  }

  #release(flushed: Lsn): void {
    let last: Unflushed | undefined;
    while (this.#unflushed[0] && this.#unflushed[0].targetLsn <= flushed)
      last = this.#unflushed.shift();
    if (last) this.#onFlushed(last.position);
  }
}
