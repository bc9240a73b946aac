import { SluiceError } from '../../errors/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { quoteLiteral, Session, type ConnectionTarget } from '../../session/index.ts';
import type { Side } from './row-digest.ts';

/** A snapshot that a session keeps, and where. */
export interface SnapshotPlace {
  readonly target: ConnectionTarget;
  /** For SET TRANSACTION SNAPSHOT. */
  readonly snapshot: string;
}

/** What a statement of a comparison may need and what would only slow it down. */
const settings = {
  // Sessions work in parallel already; as many of them as the user asked for.
  max_parallel_workers_per_gather: '0',
  // Compiling takes longer than the work it saves on a piece of a table.
  jit: 'off',
  // What a cursor yields is read to its end.
  cursor_tuple_fraction: '1',
  // Sorts a few hundred thousand rows that differ without going to disk.
  work_mem: '64MB',
};

/**
 * Sessions that see one snapshot. Every piece of work is a transaction of its own, so that no lock on a table
 * lasts longer than a piece: a TRUNCATE of the application waits for a moment, not for the comparison.
 */
export class SnapshotPool {
  readonly side: Side;
  readonly #place: SnapshotPlace;
  readonly #limit: number;
  readonly #signal: AbortSignal;
  readonly #sessions = new Set<Session>();
  readonly #idle: Session[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(side: Side, place: SnapshotPlace, limit: number, signal: AbortSignal) {
    this.side = side;
    this.#place = place;
    this.#limit = limit;
    this.#signal = signal;
  }

  /** Runs `work` in a transaction under the snapshot; waits in line for a session. */
  async run<T>(work: (session: Session) => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      const session = this.#idle.pop() ?? (await this.#connect());
      const result = await this.#transact(session, work);
      this.#idle.push(session);
      return result;
    } finally {
      this.#leave();
    }
  }

  /** Ends all sessions; what runs on them is cancelled and rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
  }

  async #enter(): Promise<void> {
    if (this.#busy < this.#limit) {
      this.#busy++;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whoever waits takes over the place. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy--;
    else next();
  }

  async #connect(): Promise<Session> {
    const options = { purpose: 'compare', side: this.side, settings, signal: this.#signal };
    const session = await Session.connect(this.#place.target, options);
    if (this.#signal.aborted) await session.close();
    this.#signal.throwIfAborted();
    this.#sessions.add(session);
    return session;
  }

  /** A session whose work failed is not used again: what it was told may be half done. */
  async #transact<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
    try {
      this.#signal.throwIfAborted();
      await this.#begin(session);
      const result = await work(session);
      await session.query('COMMIT');
      return result;
    } catch (error) {
      this.#sessions.delete(session);
      await session.close();
      throw error;
    }
  }

  async #begin(session: Session): Promise<void> {
    try {
      await session.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
         SET TRANSACTION SNAPSHOT ${quoteLiteral(this.#place.snapshot)}`,
      );
    } catch (error) {
      // 22023: no such snapshot any more.
      if (!['22023', '55000', '42704'].includes(sqlstateOf(error) ?? '')) throw error;
      throw new SluiceError('COMPARE_SNAPSHOT_LOST', { side: this.side }, { cause: error });
    }
  }
}
