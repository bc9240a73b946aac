import { Command } from 'commander';
import { loadConfig, loadPoolConfig, type LoadedConfig } from '../../daemon/index.ts';
import { checkPool } from '../../pool/index.ts';
import {
  blockingFindings,
  recordError,
  toJson,
  type ErrorRecord,
  type Finding,
} from '../../service/index.ts';
import { exitCodes } from '../exit-code.ts';
import { checkPipeline, describeFindings } from '../findings.ts';
import { withInterrupt } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { addPlaceFlags, addSettingFlags, type Flags } from '../pipeline-flags.ts';
import { configFile, findPipelines, type FoundPipeline } from '../pipelines.ts';

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
      'Checks everything in sluice.toml, its pool too, one pipeline of it, or the one given with --source and --target, and changes ' +
        'nothing. Each finding says what was seen and what to do. Exits 1 when something blocks.',
    )
    .argument('[name]', 'one pipeline (default: all of the file)')
    .option('--json', 'print one JSON document');
  addSettingFlags(addPlaceFlags(command), ['tables', 'tables_without_key']);
  return command.action(async (name: string | undefined, flags: Flags) => {
    const file = await fileOf(io, name, flags);
    const pool = file?.pool === undefined ? [] : [await checkPoolOf(file)];
    const hasOnlyPool = pool.length > 0 && Object.keys(file?.replicate ?? {}).length === 0;
    const pipelines = hasOnlyPool ? [] : await findPipelines(io, 'check', name, flags);
    const { result: ofPipelines } = await withInterrupt(io, (signal) =>
      checkAll(pipelines, signal),
    );
    const result = [...pool, ...ofPipelines];
    io.stdout.write(flags['json'] === true ? `${toJson(result, 2)}\n` : describe(result));
    if (result.some(isBlocked)) io.exitCode = exitCodes.failed;
  });
}

/** The whole file is asked about; undefined where one pipeline is. */
async function fileOf(
  io: CommandIo,
  name: string | undefined,
  flags: Flags,
): Promise<LoadedConfig | undefined> {
  const isOne = [name, flags['name'], flags['source'], flags['target']].some(
    (given) => given !== undefined,
  );
  return isOne ? undefined : loadConfig(configFile(io, flags));
}

async function checkPoolOf({ file }: LoadedConfig): Promise<Checked> {
  try {
    return { name: 'pool', findings: await checkPool(await loadPoolConfig(file)) };
  } catch (error) {
    return { name: 'pool', findings: [], error: recordError(error) };
  }
}

/** One that cannot be asked is told like the others: a check is for seeing everything at once. */
async function checkAll(
  pipelines: readonly FoundPipeline[],
  signal: AbortSignal,
): Promise<Checked[]> {
  const checked: Checked[] = [];
  for (const pipeline of pipelines) {
    const { name } = pipeline;
    try {
      checked.push({ name, findings: await checkPipeline(pipeline, signal) });
    } catch (error) {
      if (pipelines.length === 1 || signal.aborted) throw error;
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
