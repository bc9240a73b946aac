import { quoteLiteral, type Table } from '../../catalog/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { Session } from '../../session/index.ts';
import { loadSql } from '../sql.ts';
import type { CopyRequest } from './copy-request.ts';
import type { HeapSize } from './ranges.ts';
import { beginReading } from './statements.ts';

const measureTables = loadSql('copy/sql/measure-tables');

/**
 * The snapshot that a copy reads in. One transaction of ours imports it and exports it again, so that it
 * lives on when the caller's session ends; should ours end first, it is imported anew from the caller's.
 *
 *     caller's session --export--> ours --export--> each range's transaction
 */
export class SharedSnapshot {
  readonly #request: CopyRequest;
  #held: Promise<{ session: Session; name: string }> | null = null;
  #isClosed = false;

  constructor(request: CopyRequest) {
    this.#request = request;
    request.signal.addEventListener('abort', this.#release, { once: true });
  }

  /** By oid of the source table; a table that is gone is left out. */
  async measure(oids: readonly number[]): Promise<Map<number, HeapSize>> {
    const { session } = await this.#hold();
    const { rows } = await session.query(measureTables, [`{${oids.join(',')}}`]);
    const there = rows.filter((row) => row['blocks'] !== null);
    return new Map(
      there.map((row) => [
        Number(row['oid']),
        { blocks: Number(row['blocks']), bytes: Number(row['bytes']) },
      ]),
    );
  }

  /**
   * Begins a transaction of `session` that reads `table` in the snapshot.
   *
   * @throws COPY_SNAPSHOT_LOST  nobody holds it any more
   * @throws COPY_SOURCE_REWRITTEN  the table cannot be read in it any more
   */
  async begin(session: Session, table: Table): Promise<void> {
    const { rows } = await this.#beginReading(session, table);
    if (rows[0]?.['is_unchanged'] === 'true') return;
    throw new SluiceError('COPY_SOURCE_REWRITTEN', { table: `${table.schema}.${table.name}` });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#request.signal.removeEventListener('abort', this.#release);
    const [held] = await Promise.allSettled([this.#held]);
    if (held.status === 'fulfilled') await held.value?.session.close();
  }

  /** At once; what reads in it already goes on. */
  readonly #release = (): void => {
    this.#isClosed = true;
    this.#held?.then(({ session }) => session.destroy()).catch(() => undefined);
  };

  async #beginReading(session: Session, table: Table): ReturnType<Session['query']> {
    const { name } = await this.#hold();
    try {
      return await session.query(beginReading(table, name));
    } catch (error) {
      if (!isUnknownSnapshot(error)) throw error;
    }
    // Our own session has ended and we have not heard of it yet.
    await session.query('rollback');
    await this.#forget();
    const again = await this.#hold();
    return await session.query(beginReading(table, again.name));
  }

  #hold(): Promise<{ session: Session; name: string }> {
    if (this.#isClosed) return Promise.reject(this.#lostError());
    if (this.#held === null) {
      const held = this.#import();
      this.#held = held;
      const forget = (): void => {
        if (this.#held === held) this.#held = null;
      };
      held.then(({ session }) => session.closed.then(forget)).catch(forget);
    }
    return this.#held;
  }

  async #forget(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    if (held !== null) (await held).session.destroy();
  }

  async #import(): Promise<{ session: Session; name: string }> {
    const { source, signal, snapshot, snapshotLost } = this.#request;
    if (snapshotLost.aborted) throw this.#lostError();
    const session = await Session.connect(source, {
      purpose: 'copy snapshot',
      side: 'source',
      signal,
    });
    try {
      await session.query(
        `begin isolation level repeatable read read only;
         set transaction snapshot ${quoteLiteral(snapshot.name)}`,
      );
      const { rows } = await session.query('select pg_catalog.pg_export_snapshot() as name');
      return { session, name: String(rows[0]?.['name']) };
    } catch (error) {
      session.destroy();
      throw isUnknownSnapshot(error) ? this.#lostError(error) : error;
    }
  }

  #lostError(cause?: unknown): SluiceError {
    const { name } = this.#request.snapshot;
    return new SluiceError('COPY_SNAPSHOT_LOST', { snapshot: name }, { cause });
  }
}

/** How servers say that they do not know a snapshot (any more): 22023 up to 16, 42704 from 17 on. */
function isUnknownSnapshot(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  return sqlstate === '22023' || sqlstate === '42704';
}
