import { Command } from 'commander';
import type { PartCheck } from '../../daemon/index.ts';
import {
  blockingFindings,
  recordError,
  toJson,
  type ErrorRecord,
  type Finding,
} from '../../service/index.ts';
import { exitCodes } from '../exit-code.ts';
import { findChecks } from '../find-checks.ts';
import { describeFindings } from '../findings.ts';
import { withInterrupt } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { addPlaceFlags, addSettingFlags, type Flags } from '../pipeline-flags.ts';

interface Checked {
  readonly name: string;
  readonly findings: readonly Finding[];
  /** Why it could not be checked. */
  readonly error?: ErrorRecord;
}

/** `sluice check`: whatever can be known before the work (P10). Changes nothing. */
export function checkCommand(io: CommandIo): Command {
  const command = new Command('check')
    .summary('check what would run, and change nothing')
    .description(
      'Checks everything in sluice.toml (pool, queues, jobs, pipelines, sinks), a part of it, or the pipeline given with ' +
        '--source and --target, and changes nothing. Each finding says what was seen and what to do. Exits 1 when ' +
        'something blocks.',
    )
    .argument(
      '[name]',
      'a pipeline, or a section: pool, queue, queue.wal.NAME, jobs, jobs.NAME, sinks.NAME (default: all of the file)',
    )
    .option('--json', 'print one JSON document');
  addSettingFlags(addPlaceFlags(command), ['tables', 'tables_without_key']);
  return command.action(async (name: string | undefined, flags: Flags) => {
    const checks = await findChecks(io, name, flags);
    const { result } = await withInterrupt(io, (signal) => checkAll(checks, signal));
    io.stdout.write(flags['json'] === true ? `${toJson(result, 2)}\n` : describe(result));
    if (result.some(isBlocked)) io.exitCode = exitCodes.failed;
  });
}

/** One that cannot be asked is told like the others: a check is for seeing everything at once. */
async function checkAll(checks: readonly PartCheck[], signal: AbortSignal): Promise<Checked[]> {
  const checked: Checked[] = [];
  for (const { name, check } of checks) {
    try {
      checked.push({ name, findings: await check(signal) });
    } catch (error) {
      if (checks.length === 1 || signal.aborted) throw error;
      checked.push({ name, findings: [], error: recordError(error) });
    }
  }
  return checked;
}

function isBlocked({ findings, error }: Checked): boolean {
  return error !== undefined || blockingFindings(findings).length > 0;
}

function describe(all: readonly Checked[]): string {
  return all
    .map(({ name, findings, error }) => {
      if (error !== undefined) return `${name}: could not be checked: ${error.message}\n`;
      const blocking = blockingFindings(findings).length;
      const warning = findings.length - blocking;
      const verdict =
        findings.length === 0 ? 'nothing found' : `${blocking} block, ${warning} warn`;
      return `${name}: ${verdict}\n${describeFindings(findings)}`;
    })
    .join('');
}
