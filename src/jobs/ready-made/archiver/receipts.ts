import { SluiceError } from '../../../errors/index.ts';
import { inTransaction } from '../../../ledger/index.ts';
import type { Session } from '../../../session/index.ts';
import { loadSql } from '../../sql.ts';
import type { ArchiveSql } from './archive-sql.ts';

const findReceipts = loadSql('archive-find-receipts');
const createReceipts = loadSql('archive-create-receipts');
const readReceipts = loadSql('archive-read-receipts');
const writeReceipt = loadSql('archive-write-receipt');
const dropReceipt = loadSql('archive-drop-receipt');
const dropReceipts = loadSql('archive-drop-receipts');
const xidStatus = loadSql('xid-status');

interface Receipt {
  readonly xid: string;
  readonly table: string;
  readonly keys: string;
}

/** What was copied into the target by a transaction of the source that is to delete it. */
export class Receipts {
  readonly #job: string;
  readonly #source: Session;
  readonly #target: Session;

  constructor(job: string, source: Session, target: Session) {
    this.#job = job;
    this.#source = source;
    this.#target = target;
  }

  async prepare(): Promise<void> {
    const { rows } = await this.#target.query(findReceipts);
    if (rows[0]?.['found'] === null) await this.#target.query(createReceipts);
  }

  async write(xid: string, table: string, keys: string): Promise<void> {
    await this.#target.query(writeReceipt, [this.#job, xid, table, keys]);
  }

  async drop(xid: string): Promise<void> {
    await this.#target.query(dropReceipts, [this.#job, xid]);
  }

  /**
   * What a run before this one has left open.
   *
   * @throws JOBS_ARCHIVE_OPEN  its transaction in the source has not ended
   */
  async settle(sql: ArchiveSql): Promise<void> {
    const { rows } = await this.#target.query(readReceipts, [this.#job]);
    for (const row of rows) {
      await this.#settleOne(sql, {
        xid: row['source_xid'] ?? '',
        table: row['target_table'] ?? '',
        keys: row['keys'] ?? '[]',
      });
    }
  }

  async #settleOne(sql: ArchiveSql, { xid, table, keys }: Receipt): Promise<void> {
    const status = await this.#statusOf(xid);
    if (status === 'in progress') {
      throw new SluiceError('JOBS_ARCHIVE_OPEN', { job: this.#job, xid });
    }
    // Of a transaction that is too old to be known, the rows themselves tell what became of it.
    const kept =
      status === 'committed' ? [] : await this.#source.query(sql.findRows(keys)).then(keysOf);
    await inTransaction(this.#target, async () => {
      if (kept.length > 0) await this.#target.query(sql.deleteFrom(table, `[${kept.join(',')}]`));
      await this.#target.query(dropReceipt, [this.#job, xid, table]);
    });
  }

  async #statusOf(xid: string): Promise<string | null> {
    const { rows } = await this.#source.query(xidStatus, [xid]);
    return rows[0]?.['status'] ?? null;
  }
}

function keysOf({ rows }: { rows: Record<string, string | null>[] }): string[] {
  return rows.flatMap(({ key }) => (key === null || key === undefined ? [] : [key]));
}
