import { displayName } from '../../catalog/index.ts';
import { isSluiceError } from '../../errors/index.ts';
import {
  checkEpoch,
  inTransaction,
  readTableStates,
  type DroppedObject,
  type Owner,
  type Tx,
} from '../../ledger/index.ts';
import { silentProgress, type Clock, type Log, type Progress } from '../../service/index.ts';
import type { ConnectionTarget } from '../../session/index.ts';
import type { CopyTable } from './copy-request.ts';
import { pushFinish } from './copy-tables.ts';
import { onOneLane, workThrough, type CrewOptions } from './crew.ts';
import { mustRestart, restartGroup } from './empty-table.ts';
import { isForeignKeyStep } from './finish-group.ts';
import { groupByTarget, isCopied, isReady } from './group.ts';
import { Journal } from './journal.ts';
import type { Lane } from './lane.ts';
import { lazyTask } from './lazy-task.ts';
import { restoreEntry } from './restore-entry.ts';
import { WorkQueue } from './work-queue.ts';

export interface RestoreRequest {
  readonly target: ConnectionTarget;
  readonly owner: Owner;
  /** Indexes that are built, or foreign keys that are checked, at once. */
  readonly jobs: number;
  readonly log: Log;
  readonly progress?: Progress | undefined;
  readonly signal: AbortSignal;
  readonly clock?: Clock | undefined;
}

/**
 * At a start after a crash: tables that were left in the middle of their copy are emptied and set back to
 * `pending`, each in one transaction; their snapshot is gone. Tables whose rows are all there keep them.
 */
export async function resetUnfinished(
  tx: Tx,
  owner: Owner,
  tables: readonly CopyTable[],
): Promise<void> {
  const states = await readTableStates(tx, owner.name);
  for (const group of groupByTarget(tables, states).filter(mustRestart)) {
    await inTransaction(tx, async () => {
      await restartGroup(tx, owner, group);
      await checkEpoch(tx, owner);
    });
  }
}

/**
 * Brings tables whose rows are all there to `ready`, without any snapshot: their indexes and constraints
 * from the journal, then VACUUM ANALYZE. Does nothing for the others.
 *
 * @throws COPY_RESTORE_REFUSED, LEDGER_FENCED
 */
export async function restoreDropped(
  request: RestoreRequest & { readonly tables: readonly CopyTable[] },
): Promise<void> {
  const { owner, jobs, tables } = request;
  const crew = crewOf(request);
  const journal = new Journal(owner.name);
  const groups = await onOneLane(crew, 'reading the journal', async (lane) => {
    const target = await lane.target;
    await journal.load(target);
    const states = await readTableStates(target, owner.name);
    return groupByTarget(tables, states).filter(
      (group) => !isReady(group) && group.members.every(isCopied),
    );
  });
  const queue = new WorkQueue<Lane>();
  for (const group of groups) {
    const task = lazyTask(crew.progress, displayName(group.target));
    pushFinish(queue, group, task, { owner, journal, queue, jobs, vacuums: null });
  }
  await workThrough(queue, crew);
}

/** An entry of the journal that the rows do not fit; its definition is what a person would have to run. */
export interface RefusedEntry {
  readonly entry: DroppedObject;
  readonly error: Error;
}

/**
 * Makes everything again that is in the journal, foreign keys included, whatever the state of its table:
 * for a pipeline that is given up. Tables that were left in the middle should be empty by then
 * (`resetUnfinished`); a foreign key between a copied table and an empty one cannot hold even so.
 *
 * @returns what could not be made; it stays in the journal, show it before that is gone
 * @throws LEDGER_FENCED
 */
export async function restoreAll(request: RestoreRequest): Promise<RefusedEntry[]> {
  const { owner } = request;
  const journal = new Journal(owner.name);
  return await onOneLane(crewOf(request), 'restoring what was dropped', async (lane) => {
    const target = await lane.target;
    await journal.load(target);
    const refused: RefusedEntry[] = [];
    for (const entry of foreignKeysLast(journal.all())) {
      try {
        await restoreEntry(target, owner, entry);
      } catch (error) {
        if (!isSluiceError(error, 'COPY_RESTORE_REFUSED')) throw error;
        refused.push({ entry, error });
      }
    }
    return refused;
  });
}

/**
 * Makes the foreign keys again that the copy dropped: first all of them for new rows, then the rows that
 * are there are checked, while they may be read and written. To be called when every table has reached the
 * position of the newest snapshot; before, they need not hold.
 *
 * @throws COPY_RESTORE_REFUSED  rows break the key: it stays in force for new rows, and in the journal
 * @throws LEDGER_FENCED
 */
export async function restoreForeignKeys(request: RestoreRequest): Promise<void> {
  const { owner } = request;
  const crew = crewOf(request);
  const entries = await onOneLane(crew, 'making foreign keys', async (lane) => {
    const target = await lane.target;
    const journal = new Journal(owner.name);
    await journal.load(target);
    const steps = journal.all().filter(({ kind }) => isForeignKeyStep(kind));
    for (const entry of steps.filter(({ kind }) => kind === 'foreign-key')) {
      await restoreEntry(target, owner, entry);
    }
    return steps.filter(({ kind }) => kind === 'validate');
  });
  const queue = new WorkQueue<Lane>();
  for (const entry of entries) pushValidation(queue, owner, entry, crew.progress);
  await workThrough(queue, crew);
}

function foreignKeysLast(entries: readonly DroppedObject[]): DroppedObject[] {
  const { late = [], early = [] } = Object.groupBy(entries, ({ kind }) =>
    isForeignKeyStep(kind) ? 'late' : 'early',
  );
  return [...early, ...late];
}

function pushValidation(
  queue: WorkQueue<Lane>,
  owner: Owner,
  entry: DroppedObject,
  progress: Progress,
): void {
  const journal = new Journal(owner.name);
  const task = lazyTask(progress, `${displayName(entry.table)}: ${entry.name}`);
  queue.push('restore', {
    what: `checking foreign key ${entry.name}`,
    run: async (lane, attempt) => {
      const target = await lane.target;
      task.status('checking the foreign key');
      const isOpen = attempt === 1 || (await journal.isOpen(target, entry));
      if (isOpen) await restoreEntry(target, owner, entry);
      task.done();
    },
  });
}

function crewOf(request: RestoreRequest): CrewOptions & { progress: Progress } {
  return { ...request, source: null, progress: request.progress ?? silentProgress };
}
