import { SluiceError } from '../../../errors/index.ts';
import { inTransaction } from '../../../ledger/index.ts';
import { failpoint } from '../../../service/index.ts';
import type { Session } from '../../../session/index.ts';
import { ensureTable, fillTemplate } from '../../partitions.ts';
import { loadSql } from '../../sql.ts';
import { splitTable } from '../../table-name.ts';
import { ArchiveSql } from './archive-sql.ts';
import type { ArchiverConfig } from './config.ts';
import { copyRows } from './copy-rows.ts';
import { Receipts } from './receipts.ts';
import { readTable } from './table-facts.ts';

const lockJob = loadSql('archive-lock');
const currentXid = loadSql('current-xid');
const keepCommitsDurable = loadSql('keep-commits-durable');
const flushWal = loadSql('flush-wal');

export interface ArchivePlace {
  readonly job: string;
  readonly config: ArchiverConfig;
  readonly source: Session;
  /** Another one to the source, while that is in a transaction. */
  readonly beside: Session;
  readonly target: Session;
}

/**
 * Moves rows, a batch at a time. The rows are locked in a transaction of the source (its number is in the receipt), copied
 * into the target and compared there, which is committed with the receipt; then they are deleted, and that is committed.
 *
 *     source   lock ------------------------------- delete, COMMIT
 *     target           copy, compare, receipt, COMMIT             receipt away
 *
 * A crash between the two commits leaves the rows in both; the receipt says so, and the source says whether its transaction
 * was committed: `Receipts.settle` takes the copies back when it was not.
 */
export class ArchivePass {
  readonly #place: ArchivePlace;
  readonly #receipts: Receipts;
  #sql: ArchiveSql | null = null;

  constructor(place: ArchivePlace) {
    this.#place = place;
    this.#receipts = new Receipts(place.job, place.source, place.target);
  }

  /** @throws JOBS_RUNS_ALREADY, JOBS_ARCHIVE_TABLE, JOBS_ARCHIVE_OPEN */
  async begin(): Promise<void> {
    const { job, config, source, beside, target } = this.#place;
    // Rows must not be gone from the source while the archive may still forget them, nor come back to it.
    for (const session of [source, beside, target]) await session.query(keepCommitsDurable);
    const { rows } = await target.query(lockJob, [job]);
    if (rows[0]?.['locked'] !== 'true') throw new SluiceError('JOBS_RUNS_ALREADY', { job });
    const sql = new ArchiveSql(config, await readTable(job, config.table, source));
    this.#sql = sql;
    await this.#receipts.prepare();
    await this.#receipts.settle(sql);
  }

  /** @returns how many rows were moved; 0 when there is none left that nobody else has locked */
  async moveBatch(): Promise<number> {
    const moved = await this.#moveLocked();
    if (moved === null) return 0;
    await failpoint('archiver.before-receipt-away');
    await this.#receipts.drop(moved.xid);
    return moved.rows;
  }

  async #moveLocked(): Promise<{ xid: string; rows: number } | null> {
    const { source } = this.#place;
    const sql = this.#knownSql();
    return inTransaction(source, async () => {
      const { rows } = await source.query(sql.lockRows());
      if (rows.length === 0) return null;
      const { rows: xids } = await source.query(currentXid);
      const xid = String(xids[0]?.['xid']);
      const groups = Map.groupBy(rows, (row) => row['part'] ?? null);
      await this.#copy(groups, xid);
      await failpoint('archiver.before-delete');
      const { rowCount } = await source.query(sql.deleteRows(keysOf(rows)));
      if (rowCount !== rows.length) throw this.#differs(rows.length, rowCount ?? 0);
      await failpoint('archiver.before-source-commit');
      return { xid, rows: rows.length };
    });
  }

  async #copy(groups: ReadonlyMap<string | null, KeyRow[]>, xid: string): Promise<void> {
    const { beside, target } = this.#place;
    await inTransaction(target, async () => {
      for (const [part, rows] of groups)
        await this.#copyGroup(part, keysOf(rows), rows.length, xid);
      // Else a source that crashes may give the number in the receipt to another transaction.
      await beside.query(flushWal);
      await failpoint('archiver.before-target-commit');
    });
  }

  async #copyGroup(part: string | null, keys: string, rows: number, xid: string): Promise<void> {
    const { config, source, target } = this.#place;
    const sql = this.#knownSql();
    const parent = config.target_table ?? config.table;
    const table = part === null ? parent : partitionName(parent, part);
    const partition = { table, parent, key: sql.table.key.map(({ name }) => name) };
    const create = part === null ? undefined : fillTemplate(config.part_template, partition);
    await ensureTable(target, partition, create);
    await copyRows(source, sql.copyOut(keys), target, sql.copyIn(table));
    await this.#compare(table, keys, rows);
    await this.#receipts.write(xid, table, keys);
  }

  /** What the target has stored is what the source has, to the letter. */
  async #compare(table: string, keys: string, rows: number): Promise<void> {
    const { config, source, target } = this.#place;
    const sql = this.#knownSql();
    const [there, here] = await Promise.all([
      source.query(sql.hashRows(config.table, keys)),
      target.query(sql.hashRows(table, keys)),
    ]);
    const [from, to] = [there.rows[0], here.rows[0]];
    if (Number(to?.['rows']) !== rows) throw this.#differs(rows, Number(to?.['rows']));
    if (from?.['hash'] !== to?.['hash']) {
      throw new SluiceError('JOBS_ARCHIVE_DIFFERS', {
        job: this.#place.job,
        table,
        problem: `the same ${rows} rows have other values there`,
      });
    }
  }

  #differs(expected: number, found: number): SluiceError {
    const { job, config } = this.#place;
    const problem = `expected ${expected} rows, found ${found}`;
    return new SluiceError('JOBS_ARCHIVE_DIFFERS', { job, table: config.table, problem });
  }

  #knownSql(): ArchiveSql {
    if (this.#sql === null) throw new TypeError('the pass was not begun');
    return this.#sql;
  }
}

type KeyRow = Record<string, string | null>;

/** A JSON array of objects, one a row. */
function keysOf(rows: readonly KeyRow[]): string {
  return `[${rows.map((row) => row['key']).join(',')}]`;
}

function partitionName(parent: string, part: string): string {
  const { schema, name } = splitTable(parent);
  return `${schema}.${name}_${part}`;
}
