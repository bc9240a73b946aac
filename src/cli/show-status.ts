import { loadConfig } from '../daemon/index.ts';
import { readReplicationStatus, type PipelineReport } from '../replicate/index.ts';
import { recordError, toJson, type ErrorRecord } from '../service/index.ts';
import { describeReport } from './describe-replication.ts';
import { exitCodes } from './exit-code.ts';
import { withInterrupt } from './interrupt.ts';
import type { CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';
import { configFile, findStatusPlaces } from './pipelines.ts';
import { describePool, readPoolStatus, type ShownPool } from './pool-status.ts';

interface Shown {
  readonly name: string;
  /** Null when the target's ledger does not know it: it has never run. */
  readonly report: PipelineReport | null;
  /** Why it could not be read. */
  readonly error?: ErrorRecord;
}

/** Reads and shows pipelines; one that cannot be read does not hide the others, but makes the exit code 1. */
export async function showStatus(
  io: CommandIo,
  command: string,
  name: string | undefined,
  flags: Flags,
  pool: ShownPool | null = null,
): Promise<void> {
  const places = await findStatusPlaces(io, command, name, flags);
  const { result } = await withInterrupt(io, async (signal) => {
    const shown = await Promise.all(places.map(({ name, place }) => read(name, place, signal)));
    return shown.flat();
  });
  print(io, flags, pool === null ? result : [...result, pool]);
  if (result.some((shown) => shown.error !== undefined)) io.exitCode = exitCodes.failed;
}

/** Pipelines and pool of sluice.toml. */
export async function showEverything(io: CommandIo, flags: Flags): Promise<void> {
  const config = await loadConfig(configFile(io, flags));
  const pool = await readPoolStatus(config);
  const hasPipelines = Object.keys(config.replicate).length > 0;
  if (pool === null || hasPipelines) return showStatus(io, 'status', undefined, flags, pool);
  print(io, flags, [pool]);
}

function print(io: CommandIo, flags: Flags, shown: readonly (Shown | ShownPool)[]): void {
  io.stdout.write(flags['json'] === true ? `${toJson(shown, 2)}\n` : shown.map(describe).join(''));
}

async function read(
  name: string,
  place: { source?: string; target: string; name?: string | undefined },
  signal: AbortSignal,
): Promise<Shown[]> {
  try {
    const reports = await readReplicationStatus({ ...place, signal });
    if (reports.length === 0) return [{ name, report: null }];
    return reports.map((report) => ({ name: report.name, report }));
  } catch (error) {
    return [{ name, report: null, error: recordError(error) }];
  }
}

function describe(shown: Shown | ShownPool): string {
  if ('pool' in shown) return describePool(shown);
  const { name, report, error } = shown;
  if (error !== undefined) return `${name}  cannot be read: ${error.message}\n`;
  return report === null ? `${name}  has never run\n` : describeReport(report);
}
