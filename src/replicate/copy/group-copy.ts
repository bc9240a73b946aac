import { displayName, readTablesByOid } from '../../catalog/index.ts';
import { isSluiceError } from '../../errors/index.ts';
import {
  checkEpoch,
  inTransaction,
  setTableState,
  type DroppedObject,
  type Tx,
} from '../../ledger/index.ts';
import { failpoint, type Log, type ProgressTask } from '../../service/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { dropIndexes, lockTable } from './drop-objects.ts';
import { expectEmpty, mustRestart, restartGroup } from './empty-table.ts';
import { finishGroup, type FinishOptions } from './finish-group.ts';
import type { TableGroup } from './group.ts';
import type { Lane } from './lane.ts';
import type { MemberCopy } from './member-copy.ts';
import type { BlockRange } from './ranges.ts';

export interface GroupCopyOptions extends FinishOptions {
  readonly snapshotLsn: Lsn;
  /** Filled without its indexes. */
  readonly dropsIndexes: boolean;
  readonly log: Log;
  /** The copy cannot go on in this snapshot; what is begun comes to its end. */
  readonly onSetAside: (error: unknown) => void;
}

/** All ranges of all sources of one target table; then it is finished. */
export class GroupCopy {
  readonly #group: TableGroup;
  readonly #members: readonly MemberCopy[];
  readonly #progress: ProgressTask;
  readonly #options: GroupCopyOptions;
  #isSetAside = false;
  #isFinishing = false;

  constructor(
    group: TableGroup,
    members: readonly MemberCopy[],
    progress: ProgressTask,
    options: GroupCopyOptions,
  ) {
    this.#group = group;
    this.#members = members;
    this.#progress = progress;
    this.#options = options;
  }

  get #name(): string {
    return displayName(this.#group.target);
  }

  push(): void {
    this.#options.queue.push('prepare', {
      what: `preparing ${this.#name}`,
      run: (lane, attempt) => this.#unlessSetAside(lane, () => this.#begin(lane, attempt)),
    });
  }

  async #begin(lane: Lane, attempt: number): Promise<void> {
    const ranges = this.#members.flatMap((member) =>
      member.ranges.map((range) => ({ member, range })),
    );
    const [only] = ranges;
    if (only !== undefined && ranges.length === 1) return this.#copyWhole(lane, attempt, only);
    const target = await lane.target;
    await failpoint('copy.before-drop');
    let dropped: DroppedObject[] = [];
    await inTransaction(target, async () => {
      dropped = await this.#prepare(target, attempt);
      await checkEpoch(target, this.#options.owner);
    });
    this.#options.journal.add(dropped);
    await failpoint('copy.after-drop');
    for (const { member, range } of ranges) this.#pushRange(member, range);
  }

  /** One transaction holds everything: what is dropped, the rows, the receipts. */
  async #copyWhole(
    lane: Lane,
    attempt: number,
    { member, range }: { member: MemberCopy; range: BlockRange },
  ): Promise<void> {
    let dropped: DroppedObject[] = [];
    await failpoint('copy.before-drop');
    this.#progress.status('copying');
    await member.copyRange(lane, range, attempt, async (tx) => {
      dropped = await this.#prepare(tx, attempt);
    });
    if (attempt > 1) await this.#options.journal.reload(await lane.target, this.#group.target);
    else this.#options.journal.add(dropped);
    await failpoint('copy.after-drop');
    await this.#finish(lane);
  }

  #pushRange(member: MemberCopy, range: BlockRange): void {
    this.#options.queue.push('range', {
      what: `copying range ${range.rangeNo} of ${displayName(member.table.source)}`,
      run: (lane, attempt) =>
        this.#unlessSetAside(lane, async () => {
          this.#progress.status('copying');
          await member.copyRange(lane, range, attempt);
          await this.#finish(lane);
        }),
    });
  }

  /** Once, by whoever copied the last range. */
  async #finish(lane: Lane): Promise<void> {
    if (this.#isFinishing || !this.#members.every((member) => member.isComplete)) return;
    this.#isFinishing = true;
    try {
      await finishGroup(lane, this.#group, this.#progress, this.#options);
    } catch (error) {
      this.#isFinishing = false;
      throw error;
    }
  }

  /** Inside the caller's transaction: locked, empty, without its indexes, marked as begun. */
  async #prepare(tx: Tx, attempt: number): Promise<DroppedObject[]> {
    const { owner, journal, snapshotLsn, dropsIndexes } = this.#options;
    const { target } = this.#group;
    const isMine = await lockTable(tx, target);
    if (mustRestart(this.#group)) await restartGroup(tx, owner, this.#group);
    else await expectEmpty(tx, this.#group);
    if (attempt > 1) await journal.reload(tx, target);
    const dropped = isMine && dropsIndexes ? await this.#dropIndexes(tx) : [];
    for (const { table } of this.#members) {
      await setTableState(tx, owner.name, table.source, 'copying', { snapshotLsn });
    }
    return dropped;
  }

  async #dropIndexes(tx: Tx): Promise<DroppedObject[]> {
    const { journal, log } = this.#options;
    const [now] = await readTablesByOid(tx, [this.#group.target.oid]);
    if (now === undefined) return [];
    const { dropped, kept } = await dropIndexes(tx, journal, now);
    if (kept.length > 0) {
      log.info('indexes stay while their table is filled', { table: this.#name, indexes: kept });
    }
    return dropped;
  }

  /** A table that cannot be read in this snapshot any more waits for the next one; the others go on. */
  async #unlessSetAside(lane: Lane, run: () => Promise<void>): Promise<void> {
    if (this.#isSetAside) return;
    try {
      await run();
    } catch (error) {
      const isLost = isSluiceError(error, 'COPY_SNAPSHOT_LOST');
      if (!isLost && !isSluiceError(error, 'COPY_SOURCE_REWRITTEN')) throw error;
      lane.discard();
      this.#isSetAside = true;
      this.#progress.fail('waits for another snapshot');
      this.#options.onSetAside(error);
    }
  }
}
