import {
  isRunning,
  ledgerExists,
  migrate,
  readTableChoice,
  type TableChoice,
} from '../ledger/index.ts';
import type { Log, Metrics, Progress } from '../service/index.ts';
import { Session } from '../session/index.ts';
import type { Lsn } from '../wire/index.ts';
import { compareDatabases, type CompareReport } from './compare/index.ts';
import type { ReplicationOptions } from './options.ts';
import { defaultName, Replication } from './replication.ts';

export interface CompareReplicationOptions extends ReplicationOptions {
  /** Only these of the pipeline's tables. */
  readonly compareTables?: readonly string[] | undefined;
  /** Sessions that read at once, on each side. */
  readonly compareJobs?: number | undefined;
  /** Differing rows listed of each table; all are counted. */
  readonly maxListedRows?: number | undefined;
  /**
   * Both databases as they are now, with nothing applied for it: for a pipeline that cannot go on, or databases
   * that no pipeline connects. What is under way between them counts as different.
   */
  readonly isAsIs?: boolean | undefined;
}

/**
 * Compares what a pipeline holds on both sides, at one position, while both are written to. Where a process
 * runs the pipeline, that one stops at the position for a moment; else it is applied up to there here.
 *
 * @throws what applying throws: a pipeline that cannot go on is compared as it is (`isAsIs`)
 */
export async function compareReplication(
  options: CompareReplicationOptions,
  deps: { log: Log; metrics: Metrics; progress: Progress; signal: AbortSignal },
): Promise<CompareReport> {
  const name = options.name ?? defaultName(options);
  const { log, progress, signal } = deps;
  const asks = await Session.connect(options.target, {
    purpose: name,
    side: 'target',
    signal,
  });
  try {
    // The pipeline's own choice, whatever the caller's: comparing must not change what is moved.
    const choice = await readChoice(asks, name);
    const pipeline = {
      name,
      isRunning: () => isRunning(asks, name),
      advanceTo: (position: Lsn, stop: AbortSignal) =>
        advanceTo(position, { ...options, ...choice, name }, deps, stop),
    };
    const tables = options.compareTables ?? (options.isAsIs ? choice?.tables : undefined);
    return await compareDatabases({
      source: options.source,
      target: options.target,
      pipeline: options.isAsIs ? null : pipeline,
      ...(tables && { tables }),
      ...(options.compareJobs !== undefined && { jobs: options.compareJobs }),
      ...(options.maxListedRows !== undefined && { maxListedRows: options.maxListedRows }),
      log,
      progress,
      signal,
    });
  } finally {
    await asks.close();
  }
}

async function readChoice(target: Session, pipeline: string): Promise<TableChoice | null> {
  if (!(await ledgerExists(target))) return null;
  await migrate(target);
  return await readTableChoice(target, pipeline);
}

async function advanceTo(
  position: Lsn,
  options: ReplicationOptions,
  deps: { log: Log; metrics: Metrics; progress: Progress },
  signal: AbortSignal,
): Promise<void> {
  const pipeline = new Replication({ ...options, until: position }, deps);
  pipeline.start(signal);
  await pipeline.finished;
}
