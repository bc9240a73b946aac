import { displayName } from '../../catalog/index.ts';
import { readTableStates } from '../../ledger/index.ts';
import type { ProgressTask } from '../../service/index.ts';
import { parseLsn, type Lsn } from '../../wire/index.ts';
import type { BackgroundVacuum, CopyRequest, CopySummary } from './copy-request.ts';
import { onOneLane, workThrough, type CrewOptions } from './crew.ts';
import { expectEmpty, mustRestart } from './empty-table.ts';
import { finishGroup, type FinishOptions } from './finish-group.ts';
import { dropForeignKeys } from './foreign-keys.ts';
import { GroupCopy } from './group-copy.ts';
import { groupByTarget, isCopied, isReady, type TableGroup } from './group.ts';
import { Journal } from './journal.ts';
import type { Lane } from './lane.ts';
import { lazyTask } from './lazy-task.ts';
import { MemberCopy } from './member-copy.ts';
import { cutRanges, rangeBytesFor, type HeapSize } from './ranges.ts';
import { dropPartitionedIndexes } from './partitioned-indexes.ts';
import { SharedSnapshot } from './snapshot.ts';
import { TargetTrees } from './target-trees.ts';
import { WorkQueue } from './work-queue.ts';

/**
 * Copies tables in one snapshot, the largest first, each cut into ranges that `jobs` workers share. Each
 * table ends in the ledger's state `ready`: its rows, indexes and constraints are there; its foreign keys
 * come with `restoreForeignKeys`, once the whole set has reached one position.
 *
 * A table that is `copied` already is finished only; one that was left in the middle is emptied and begun
 * again. A lost connection costs its range.
 *
 * @throws COPY_SNAPSHOT_LOST, COPY_SOURCE_REWRITTEN  after all that could be finished is: come again, with a
 *   new snapshot
 * @throws COPY_TARGET_NOT_EMPTY, COPY_REFUSED, COPY_RESTORE_REFUSED, COPY_ROWS_DIFFER, LEDGER_FENCED
 */
export async function copyTables(request: CopyRequest): Promise<CopySummary> {
  const snapshot = new SharedSnapshot(request);
  try {
    return await new Copy(request, snapshot).run();
  } finally {
    await snapshot.close();
  }
}

class Copy {
  readonly #request: CopyRequest;
  readonly #snapshot: SharedSnapshot;
  readonly #crew: CrewOptions;
  readonly #queue = new WorkQueue<Lane>();
  readonly #vacuums = new WorkQueue<Lane>();
  readonly #journal: Journal;
  readonly #members: MemberCopy[] = [];
  readonly #setAside: unknown[] = [];

  constructor(request: CopyRequest, snapshot: SharedSnapshot) {
    this.#request = request;
    this.#snapshot = snapshot;
    this.#crew = { ...request, jobs: Math.max(1, request.jobs) };
    this.#journal = new Journal(request.owner.name);
  }

  async run(): Promise<CopySummary> {
    const startedAt = performance.now();
    const groups = await onOneLane(this.#crew, 'preparing the copy', (lane) => this.#prepare(lane));
    const sizes = await onOneLane(this.#crew, 'measuring the tables', () => this.#measure(groups));
    const progress = this.#beginProgress(groups, sizes);
    try {
      this.#pushAll(groups, sizes, progress);
      await workThrough(this.#queue, this.#crew);
      if (this.#setAside.length > 0) throw this.#setAside[0];
    } catch (error) {
      progress.fail('stopped');
      throw error;
    }
    progress.done();
    const targetLsn = await onOneLane(this.#crew, 'reading the position', readInsertPosition);
    const seconds = (performance.now() - startedAt) / 1000;
    return { ...this.#summarize(seconds, targetLsn), vacuum: this.#vacuum() };
  }

  /** What is not `ready` yet, by table of the target; their foreign keys are gone when this returns. */
  async #prepare(lane: Lane): Promise<TableGroup[]> {
    const { owner, tables } = this.#request;
    const target = await lane.target;
    const states = await readTableStates(target, owner.name);
    const groups = groupByTarget(tables, states).filter((group) => !isReady(group));
    await this.#journal.load(target);
    const toFill = groups.filter((group) => !group.members.every(isCopied));
    for (const group of toFill) if (!mustRestart(group)) await expectEmpty(target, group);
    const trees = await TargetTrees.read(
      target,
      toFill.map((group) => group.target),
    );
    await dropForeignKeys(target, owner, this.#journal, trees);
    await dropPartitionedIndexes(target, owner, this.#journal, trees);
    return groups;
  }

  async #measure(groups: readonly TableGroup[]): Promise<Map<number, HeapSize>> {
    const sources = groups.flatMap(tablesToCopy).map(({ source }) => source.oid);
    return sources.length === 0 ? new Map() : await this.#snapshot.measure(sources);
  }

  #beginProgress(
    groups: readonly TableGroup[],
    sizes: ReadonlyMap<number, HeapSize>,
  ): ProgressTask {
    const rows = groups.flatMap(tablesToCopy).map(({ source }) => source.estimatedRows ?? 0);
    const bytes = [...sizes.values()].map((size) => size.bytes);
    const name = `copying ${groups.length} ${groups.length === 1 ? 'table' : 'tables'}`;
    return this.#request.progress.task(name, { rows: sum(rows), bytes: sum(bytes) });
  }

  #pushAll(
    groups: readonly TableGroup[],
    sizes: ReadonlyMap<number, HeapSize>,
    progress: ProgressTask,
  ): void {
    const bytesOf = (group: TableGroup): number =>
      sum(tablesToCopy(group).map(({ source }) => sizes.get(source.oid)?.bytes ?? 0));
    const finish: FinishOptions = {
      owner: this.#request.owner,
      journal: this.#journal,
      queue: this.#queue,
      jobs: this.#crew.jobs,
      vacuums: this.#request.vacuumsLater === true ? this.#vacuums : null,
    };
    for (const group of groups.toSorted((a, b) => bytesOf(b) - bytesOf(a))) {
      const tables = tablesToCopy(group);
      const total = {
        rows: sum(tables.map(({ source }) => source.estimatedRows ?? 0)),
        bytes: bytesOf(group),
      };
      const task = lazyTask(progress, displayName(group.target), total);
      if (tables.length > 0) this.#pushCopy(group, sizes, bytesOf(group), task, finish);
      else pushFinish(this.#queue, group, task, finish);
    }
  }

  #pushCopy(
    group: TableGroup,
    sizes: ReadonlyMap<number, HeapSize>,
    bytes: number,
    task: ProgressTask,
    finish: FinishOptions,
  ): void {
    const {
      jobs,
      rangeBytes,
      owner,
      onCopied,
      keepIndexesBelowBytes = 1024 * 1024,
    } = this.#request;
    const { lsn } = this.#request.snapshot;
    const members = tablesToCopy(group).map((table) => {
      const size = sizes.get(table.source.oid) ?? { blocks: 0, bytes: 0 };
      const isCut = table.source.accessMethod === 'heap' && table.columns.length > 0;
      const ranges = cutRanges(
        isCut ? size : { blocks: 0, bytes: 0 },
        rangeBytes ?? rangeBytesFor(size, jobs),
        jobs,
      );
      return new MemberCopy(table, ranges, task, {
        owner,
        snapshot: this.#snapshot,
        snapshotLsn: lsn,
        onCopied: onCopied ?? (() => undefined),
      });
    });
    this.#members.push(...members);
    new GroupCopy(group, members, task, {
      ...finish,
      snapshotLsn: lsn,
      log: this.#request.log,
      dropsIndexes: group.target.kind === 'r' && bytes >= keepIndexesBelowBytes,
      onSetAside: (error) => this.#setAside.push(error),
    }).push();
  }

  #vacuum(): BackgroundVacuum {
    const { log, signal } = this.#request;
    const stopped = new AbortController();
    const options = { ...this.#crew, signal: AbortSignal.any([signal, stopped.signal]) };
    const done = workThrough(this.#vacuums, options).catch((error: unknown) => {
      if (!options.signal.aborted)
        log.warn('VACUUM failed: the server will do it in time', { error });
    });
    const stop = (): Promise<void> => {
      stopped.abort(new Error('VACUUM is left to the server'));
      return done;
    };
    return { done, stop };
  }

  #summarize(seconds: number, targetLsn: Lsn): Omit<CopySummary, 'vacuum'> {
    const tables = this.#members.map((member) => member.summary);
    return {
      tables,
      rows: sum(tables.map(({ rows }) => rows)),
      bytes: sum(tables.map(({ bytes }) => bytes)),
      seconds,
      targetLsn,
    };
  }
}

/** For a table whose rows are all there. */
export function pushFinish(
  queue: WorkQueue<Lane>,
  group: TableGroup,
  progress: ProgressTask,
  options: FinishOptions,
): void {
  queue.push('restore', {
    what: `finishing ${displayName(group.target)}`,
    run: (lane) => finishGroup(lane, group, progress, options),
  });
}

/** All sources of a table that must be emptied; else those that have no rows in it. */
function tablesToCopy(group: TableGroup): TableGroup['members'][number]['table'][] {
  const isAnew = mustRestart(group);
  return group.members.filter((member) => isAnew || !isCopied(member)).map(({ table }) => table);
}

async function readInsertPosition(lane: Lane): Promise<Lsn> {
  const target = await lane.target;
  const { rows } = await target.query('select pg_catalog.pg_current_wal_insert_lsn()::text as lsn');
  return parseLsn(String(rows[0]?.['lsn']));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
