import { displayName } from '../../catalog/index.ts';
import { ServerError, SluiceError } from '../../errors/index.ts';
import type { Session } from '../../session/index.ts';
import { loadSql } from '../sql.ts';
import type { CompareUnit } from './compare-unit.ts';
import type { Side } from './row-digest.ts';
import type { SnapshotPool } from './snapshot-pool.ts';

const findChanged = loadSql('compare/sql/find-changed-tables');

/** The tables are not any more what they were at the snapshot; what was read of them means nothing. */
export class TablesChanged extends Error {
  override readonly name = 'TablesChanged';
}

/** Reads one side of one unit, and tells when that cannot be done or was disturbed. */
export class UnitReader {
  readonly side: Side;
  readonly #pool: SnapshotPool;
  readonly #unit: CompareUnit;

  constructor(pool: SnapshotPool, unit: CompareUnit) {
    this.side = pool.side;
    this.#pool = pool;
    this.#unit = unit;
  }

  /**
   * Runs `work` under the snapshot.
   *
   * @throws TablesChanged  somebody truncated, rewrote or dropped one of the tables since the snapshot
   * @throws COMPARE_DENIED, COMPARE_TABLE  the server refuses
   */
  async run<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#pool.run(async (session) => {
      try {
        const result = await work(session);
        await this.#expectUnchanged(session);
        return result;
      } catch (error) {
        throw this.#explain(error);
      }
    });
  }

  /** Asked while the statement's locks are still held: nothing can change between it and the answer. */
  async #expectUnchanged(session: Session): Promise<void> {
    const tables = this.#unit[this.side];
    const { rows } = await session.query(findChanged, [`{${tables.map(({ oid }) => oid).join()}}`]);
    if (rows.length > 0) throw new TablesChanged();
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof ServerError)) return error;
    const { sqlstate } = error;
    // No such table, no such column: dropped or renamed since.
    if (sqlstate === '42P01' || sqlstate === '42703') return new TablesChanged();
    // The connection's end, a cancel, a lack of something: not this table's fault.
    if (/^(?:08|53|57|58)/.test(sqlstate)) return error;
    const where = { table: displayName(this.#unit), side: this.side };
    return sqlstate === '42501'
      ? new SluiceError('COMPARE_DENIED', where, { cause: error })
      : new SluiceError('COMPARE_TABLE', { ...where, sqlstate }, { cause: error });
  }
}
