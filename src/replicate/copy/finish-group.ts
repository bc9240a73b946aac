import { displayName } from '../../catalog/index.ts';
import {
  checkEpoch,
  inTransaction,
  setTableState,
  type DroppedObject,
  type Owner,
  type TableState,
  type Tx,
} from '../../ledger/index.ts';
import type { ProgressTask } from '../../service/index.ts';
import type { TableGroup } from './group.ts';
import type { Journal } from './journal.ts';
import type { Lane } from './lane.ts';
import { restoreEntry } from './restore-entry.ts';
import { analyzeSql, vacuumSql } from './statements.ts';
import type { WorkQueue } from './work-queue.ts';

export interface FinishOptions {
  readonly owner: Owner;
  readonly journal: Journal;
  readonly queue: WorkQueue<Lane>;
  readonly jobs: number;
  /** Where VACUUM waits for later; null runs it before the table is ready. */
  readonly vacuums: WorkQueue<Lane> | null;
}

/**
 * From "all rows are there" to `ready`:
 *
 *     copied ─▶ indexing: index ┐ index ┐ ... (side by side)
 *                               └───────┴─▶ constraints, marks ─▶ [VACUUM] ANALYZE ─▶ ready ─▶ [VACUUM]
 *
 * Every step is journaled or can be done again; call it again after whatever happened.
 */
export async function finishGroup(
  lane: Lane,
  group: TableGroup,
  progress: ProgressTask,
  options: FinishOptions,
): Promise<void> {
  const { owner, journal, queue } = options;
  const entries = restorableEntries(journal, group);
  if (entries.length > 0) await setStates(await lane.target, owner, group, 'indexing');
  const indexes = entries.filter(({ kind }) => kind === 'index');
  let left = indexes.length;
  const conclude = (): void =>
    queue.push('restore', {
      what: `finishing ${displayName(group.target)}`,
      run: (on, attempt) => concludeGroup(on, attempt, group, progress, options),
    });
  if (left === 0) return conclude();
  progress.status(`building ${left} ${left === 1 ? 'index' : 'indexes'}`);
  for (const index of indexes) {
    queue.push('restore', {
      what: `building index ${index.name}`,
      run: async (on, attempt) => {
        await shareWorkers(await on.target, options.jobs, indexes.length);
        await restoreOnce(on, attempt, index, options);
        if (--left === 0) conclude();
      },
    });
  }
}

async function concludeGroup(
  lane: Lane,
  attempt: number,
  group: TableGroup,
  progress: ProgressTask,
  options: FinishOptions,
): Promise<void> {
  const { owner, journal, vacuums } = options;
  const { target } = group;
  const session = await lane.target;
  if (attempt > 1) await journal.reload(session, target);
  for (const entry of restorableEntries(journal, group)) {
    await restoreEntry(session, owner, entry);
    journal.remove(entry);
  }
  progress.status('gathering statistics');
  await session.query(vacuums === null ? vacuumSql(session, target, true) : analyzeSql(target));
  await setStates(session, owner, group, 'ready');
  progress.done();
  vacuums?.push('restore', {
    what: `vacuuming ${displayName(target)}`,
    run: async (on) => {
      const free = await on.target;
      await free.query(vacuumSql(free, target, false));
    },
  });
}

/** After a lost connection nobody knows whether the index was committed; the journal does. */
async function restoreOnce(
  lane: Lane,
  attempt: number,
  entry: DroppedObject,
  { owner, journal }: FinishOptions,
): Promise<void> {
  const session = await lane.target;
  const isOpen = attempt === 1 || (await journal.isOpen(session, entry));
  if (isOpen) await restoreEntry(session, owner, entry);
  journal.remove(entry);
}

/** Foreign keys come back when the whole set has reached one position, see `restoreForeignKeys`. */
function restorableEntries(journal: Journal, { target }: TableGroup): DroppedObject[] {
  return journal.entriesOf(target).filter(({ kind }) => !isForeignKeyStep(kind));
}

export function isForeignKeyStep(kind: string): boolean {
  return kind === 'foreign-key' || kind === 'validate';
}

async function setStates(
  tx: Tx,
  owner: Owner,
  group: TableGroup,
  state: TableState,
): Promise<void> {
  await inTransaction(tx, async () => {
    for (const { table } of group.members) {
      await setTableState(tx, owner.name, table.source, state);
    }
    await checkEpoch(tx, owner);
  });
}

/** The workers that a build may call upon beside itself, so that all builds together are about `jobs`. */
async function shareWorkers(tx: Tx, jobs: number, builds: number): Promise<void> {
  const workers = Math.ceil(jobs / builds) - 1;
  await tx.query(`set max_parallel_maintenance_workers = ${workers}`);
}
