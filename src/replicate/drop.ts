import { SluiceError } from '../errors/index.ts';
import {
  claimPipeline,
  databaseIdentity,
  dropPipeline,
  ledgerExists,
  readPipeline,
  tryBecomeRunner,
  type Pipeline,
} from '../ledger/index.ts';
import { retry, sqlstateOf, type Log } from '../service/index.ts';
import { parseSide, Session } from '../session/index.ts';
import { readSlot, removeSlot, sourceNames, type SourceNames } from '../stream/index.ts';
import { resetUnfinished, restoreAll, restoreDropped } from './copy/index.ts';
import type { ReplicationOptions } from './options.ts';
import { planTables } from './plan.ts';
import { defaultName } from './replication.ts';
import { copySlotName, insertPublicationName } from './source/names.ts';
import { unpublish } from './source/publication.ts';

export interface DropReport {
  readonly name: string;
  /** What was found and removed, as a person names it. Empty when nothing was left. */
  readonly removed: readonly string[];
}

/**
 * Removes everything a pipeline made, also after a crash (P11): its slots and publications on the
 * source, its rows in the target's ledger. The copied tables stay, with the indexes and keys they had.
 *
 * @throws SluiceError REPLICATE_RUNNING a process runs it
 */
export async function dropReplication(
  options: Pick<ReplicationOptions, 'source' | 'target' | 'name'>,
  deps: { log: Log; signal: AbortSignal },
): Promise<DropReport> {
  const name = options.name ?? defaultName(options);
  const { signal } = deps;
  const source = await Session.connect(options.source, {
    purpose: name,
    side: 'source',
    signal,
  });
  try {
    const target = await Session.connect(options.target, {
      purpose: name,
      side: 'target',
      signal,
    });
    try {
      return { name, removed: await remove(name, options, source, target, deps) };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function remove(
  name: string,
  options: Pick<ReplicationOptions, 'target'>,
  source: Session,
  target: Session,
  deps: { log: Log; signal: AbortSignal },
): Promise<string[]> {
  if (!(await tryBecomeRunner(target, name)))
    throw new SluiceError('REPLICATE_RUNNING', { pipeline: name });
  const known = (await ledgerExists(target)) ? await readPipeline(target, name) : null;
  const made = sourceNames(name, await databaseIdentity(target));
  // Claiming ends whatever a forgotten process still tries.
  const owner = known && (await claimPipeline(target, known));
  // The source first: whatever the target refuses then, no slot is left to keep the source's WAL.
  const removed = await removeFromSource(source, known ?? made, deps.signal);
  if (owner) {
    await restoreTables(owner, options, source, target, deps);
    if (await dropPipeline(target, name)) removed.push(`ledger of ${name}`);
  }
  return removed;
}

async function removeFromSource(
  source: Session,
  { slot, publication }: SourceNames,
  signal: AbortSignal,
): Promise<string[]> {
  const removed: string[] = [];
  for (const candidate of [slot, copySlotName(slot)]) {
    if (!(await readSlot(source, candidate))) continue;
    // The walsender of a process that was killed a moment ago may still be at it.
    await retry(() => removeSlot(source, candidate), { signal, maxAttempts: 6 });
    removed.push(`slot ${candidate}`);
  }
  for (const candidate of [publication, insertPublicationName(publication)])
    if (await unpublish(source, candidate)) removed.push(`publication ${candidate}`);
  return removed;
}

/**
 * Gives the target's tables back what the copy dropped. Tables left in the middle of their copy are emptied
 * first: a part of their rows is worth nothing.
 *
 * @throws SluiceError COPY_RESTORE_REFUSED rows do not fit: the ledger stays, to come again
 */
async function restoreTables(
  owner: Pipeline,
  options: Pick<ReplicationOptions, 'target'>,
  source: Session,
  target: Session,
  deps: { log: Log; signal: AbortSignal },
): Promise<void> {
  const request = { ...deps, target: parseSide('target', options.target), owner, jobs: 1 };
  const { pairs } = await planTables(source, target, {});
  await resetUnfinished(target, owner, pairs);
  await restoreDropped({ ...request, tables: pairs });
  const refused = (await restoreAll(request)).filter(({ error }) => !isTableGone(error));
  if (refused[0]) throw refused[0].error;
}

/** A table that was dropped since needs no index. */
function isTableGone({ cause }: Error): boolean {
  const sqlstate = sqlstateOf(cause);
  return sqlstate === '42P01' || sqlstate === '3F000';
}
