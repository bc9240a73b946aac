import { ledgerExists, migrate, readTableChoice } from '../ledger/index.ts';
import type { Log, Metrics, Progress } from '../service/index.ts';
import { parseConnection, Session } from '../session/index.ts';
import type { Lsn } from '../wire/index.ts';
import { compareDatabases, type CompareReport } from './compare/index.ts';
import { isRunning } from './connections.ts';
import type { ReplicationOptions } from './options.ts';
import { defaultName, Replication } from './replication.ts';

export interface CompareReplicationOptions extends ReplicationOptions {
  /** Only these of the pipeline's tables. */
  readonly compareTables?: readonly string[] | undefined;
  /** Sessions that read at once, on each side. */
  readonly compareJobs?: number | undefined;
  /** Differing rows listed of each table; all are counted. */
  readonly maxListedRows?: number | undefined;
}

/**
 * Compares what a pipeline holds on both sides, at one position, while both are written to. Where a process
 * runs the pipeline, that one stops at the position for a moment; else it is applied up to there here.
 */
export async function compareReplication(
  options: CompareReplicationOptions,
  deps: { log: Log; metrics: Metrics; progress: Progress; signal: AbortSignal },
): Promise<CompareReport> {
  const name = options.name ?? defaultName(options);
  const { log, progress, signal } = deps;
  const asks = await Session.connect(parseConnection(options.target), {
    purpose: name,
    side: 'target',
    signal,
  });
  try {
    return await compareDatabases({
      source: options.source,
      target: options.target,
      pipeline: {
        name,
        isRunning: () => isRunning(asks, name),
        advanceTo: async (position, stop) => {
          // The pipeline's own choice, whatever the caller's: comparing must not change what is moved.
          if (await ledgerExists(asks)) await migrate(asks);
          const choice = await readTableChoice(asks, name);
          await advanceTo(position, { ...options, ...choice, name }, deps, stop);
        },
      },
      ...(options.compareTables && { tables: options.compareTables }),
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
