import { displayName } from '../../catalog/index.ts';
import { ServerError, SluiceError } from '../../errors/index.ts';
import {
  checkEpoch,
  inTransaction,
  readRanges,
  recordRange,
  setTableState,
  type Owner,
  type Tx,
} from '../../ledger/index.ts';
import { decisionOf, failpoint, sqlstateOf, type ProgressTask } from '../../service/index.ts';
import type { Session } from '../../session/index.ts';
import type { Lsn } from '../../wire/index.ts';
import type { CopiedTable, CopyTable } from './copy-request.ts';
import { forwardCopy, type Forwarded } from './forward.ts';
import type { Lane } from './lane.ts';
import type { BlockRange } from './ranges.ts';
import type { SharedSnapshot } from './snapshot.ts';
import { copyInSql, copyOutSql, countSql, insertEmptySql } from './statements.ts';

export interface MemberCopyOptions {
  readonly owner: Owner;
  readonly snapshot: SharedSnapshot;
  readonly snapshotLsn: Lsn;
  readonly onCopied: (copied: { rows: number; bytes: number }) => void;
}

/**
 * The copy of one source table, range by range, each in one transaction of the target:
 *
 *     begin ─ [prepare] ─ COPY ─ receipt of the range ─ [last: receipt of the table] ─ epoch ─ commit
 *
 * The transactions of one table commit one after the other, so that exactly one of them is the last, and
 * the table's end commits with its last rows.
 */
export class MemberCopy {
  readonly table: CopyTable;
  readonly ranges: readonly BlockRange[];
  readonly #options: MemberCopyOptions;
  readonly #progress: ProgressTask;
  readonly #left: Set<number>;
  #isComplete = false;
  #rows = 0;
  #bytes = 0;
  #startedAt = 0;
  #endedAt = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    table: CopyTable,
    ranges: readonly BlockRange[],
    progress: ProgressTask,
    options: MemberCopyOptions,
  ) {
    this.table = table;
    this.ranges = ranges;
    this.#progress = progress;
    this.#options = options;
    this.#left = new Set(ranges.map(({ rangeNo }) => rangeNo));
  }

  /** Its receipt is committed. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get summary(): CopiedTable {
    const { schema, name } = this.table.source;
    const seconds = (this.#endedAt - this.#startedAt) / 1000;
    return { schema, name, rows: this.#rows, bytes: this.#bytes, seconds };
  }

  /** @param prepare runs first in the transaction of the target: for tables that are one range */
  async copyRange(
    lane: Lane,
    range: BlockRange,
    attempt: number,
    prepare: (tx: Tx) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    this.#startedAt ||= performance.now();
    if (attempt > 1 && (await this.#hasArrived(lane, range))) return;
    let sentBytes = 0;
    const onBytes = (bytes: number): void => {
      sentBytes += bytes;
      this.#progress.advance({ bytes });
    };
    try {
      await this.#tryRange(lane, range, prepare, onBytes);
    } catch (error) {
      this.#progress.advance({ bytes: -sentBytes });
      throw this.#explain(error);
    }
  }

  async #tryRange(
    lane: Lane,
    range: BlockRange,
    prepare: (tx: Tx) => Promise<void>,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const [source, target] = await Promise.all([lane.source, lane.target]);
    const begin = async (): Promise<void> => {
      await target.query('begin isolation level read committed read write');
      await prepare(target);
    };
    await Promise.all([this.#options.snapshot.begin(source, this.table.source), begin()]);
    const forwarded = await this.#forward(source, target, range, onBytes);
    this.#expectAll(forwarded);
    await Promise.all([
      source.query('commit'),
      this.#inTurn(() => this.#commit(target, range, forwarded)),
    ]);
  }

  async #forward(
    source: Session,
    target: Session,
    range: BlockRange,
    onBytes: (bytes: number) => void,
  ): Promise<Forwarded> {
    const { table } = this;
    if (table.columns.length > 0) {
      return forwardCopy(source, copyOutSql(table, range), target, copyInSql(table), onBytes);
    }
    const { rows } = await source.query(countSql(table));
    const sent = Number(rows[0]?.['rows']);
    const { rowCount } = await target.query(insertEmptySql(table, sent));
    return { sent, kept: rowCount ?? 0, bytes: 0 };
  }

  #expectAll({ sent, kept }: Forwarded): void {
    if (sent === kept) return;
    throw new SluiceError('COPY_ROWS_DIFFER', {
      table: displayName(this.table.source),
      sent,
      kept,
    });
  }

  async #commit(target: Session, range: BlockRange, { sent, bytes }: Forwarded): Promise<void> {
    const { owner, snapshotLsn, onCopied } = this.#options;
    const isLast = this.#left.size === 1 && this.#left.has(range.rangeNo);
    if (isLast) await failpoint('copy.table.before-receipt');
    // Sent together, answered in order; the first that fails makes the others fail.
    await Promise.all([
      recordRange(target, owner.name, this.table.source, { ...range, snapshotLsn, rows: sent }),
      isLast && this.#recordEnd(target, this.#rows + sent, this.#bytes + bytes),
      checkEpoch(target, owner),
    ]);
    await failpoint('copy.range.before-commit');
    await target.query('commit');
    await failpoint('copy.range.after-commit');
    this.#progress.advance({ rows: sent });
    onCopied({ rows: sent, bytes });
    this.#count(range, sent, bytes);
    if (isLast) this.#complete();
  }

  async #recordEnd(tx: Tx, rows: number, bytes: number): Promise<void> {
    const { owner, snapshotLsn } = this.#options;
    await setTableState(tx, owner.name, this.table.source, 'copied', { snapshotLsn, rows, bytes });
  }

  /**
   * After a failure: whether the range was committed all the same. When it was the last one that was
   * missing, the table's end is recorded now: its own transaction did not know.
   */
  async #hasArrived(lane: Lane, range: BlockRange): Promise<boolean> {
    const target = await lane.target;
    const { owner } = this.#options;
    return await this.#inTurn(async () => {
      const receipts = await readRanges(target, owner.name, this.table.source);
      const receipt = receipts.find(({ rangeNo }) => rangeNo === range.rangeNo);
      if (receipt === undefined) return false;
      if (this.#left.has(range.rangeNo)) this.#count(range, receipt.rows, 0);
      if (this.#left.size > 0 || this.#isComplete) return true;
      await inTransaction(target, async () => {
        await this.#recordEnd(target, this.#rows, this.#bytes);
        await checkEpoch(target, owner);
      });
      this.#complete();
      return true;
    });
  }

  #count(range: BlockRange, rows: number, bytes: number): void {
    this.#left.delete(range.rangeNo);
    this.#rows += rows;
    this.#bytes += bytes;
  }

  #complete(): void {
    this.#isComplete = true;
    this.#endedAt = performance.now();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const mine = Promise.withResolvers<void>();
    this.#turn = mine.promise;
    await before;
    try {
      return await work();
    } finally {
      mine.resolve();
    }
  }

  #explain(error: unknown): unknown {
    const table = displayName(this.table.source);
    const sqlstate = sqlstateOf(error);
    if (!(error instanceof ServerError) || sqlstate === undefined) return error;
    const decision = decisionOf(error);
    if (decision === 'retry' || decision === 'reconnect') return error;
    return new SluiceError('COPY_REFUSED', { table, sqlstate }, { cause: error });
  }
}
