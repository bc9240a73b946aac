import { SluiceError } from '../errors/index.ts';
import { claimPipeline, dropPipeline, ledgerExists, readPipeline } from '../ledger/index.ts';
import type { Log } from '../service/index.ts';
import { parseConnection, Session } from '../session/index.ts';
import { databaseIdentity, tryBecomeRunner } from './connections.ts';
import { restoreDropped, restoreForeignKeys } from './copy/index.ts';
import type { ReplicationOptions } from './options.ts';
import { planTables } from './plan.ts';
import { defaultName } from './replication.ts';
import { copySlotName, insertPublicationName, sourceNames } from './source/names.ts';
import { unpublish } from './source/publication.ts';
import { readSlot, removeSlot } from './source/slot.ts';

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
  const source = await Session.connect(parseConnection(options.source), { purpose: name, signal });
  try {
    const target = await Session.connect(parseConnection(options.target), {
      purpose: name,
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
  const removed: string[] = [];
  const known = (await ledgerExists(target)) ? await readPipeline(target, name) : null;
  const made = sourceNames(name, await databaseIdentity(target));
  const slot = known?.slot ?? made.slot;
  const publication = known?.publication ?? made.publication;
  if (known) {
    // Claiming ends whatever a forgotten process still tries; what its copy dropped comes back first.
    const owner = await claimPipeline(target, known);
    const targetTarget = parseConnection(options.target);
    const { pairs } = await planTables(source, target, {});
    await restoreDropped({ ...deps, target: targetTarget, owner, jobs: 1, tables: pairs });
    await restoreForeignKeys({ ...deps, target: targetTarget, owner, jobs: 1 });
  }
  for (const candidate of [slot, copySlotName(slot)]) {
    if (!(await readSlot(source, candidate))) continue;
    await removeSlot(source, candidate);
    removed.push(`slot ${candidate}`);
  }
  for (const candidate of [publication, insertPublicationName(publication)])
    if (await unpublish(source, candidate)) removed.push(`publication ${candidate}`);
  if (known && (await dropPipeline(target, name))) removed.push(`ledger of ${name}`);
  return removed;
}
