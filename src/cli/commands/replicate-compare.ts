import { Command, Option } from 'commander';
import { SluiceError } from '../../errors/index.ts';
import { compareReplication, summarizeReport } from '../../replicate/index.ts';
import { Metrics, toJson } from '../../service/index.ts';
import { exitCodes } from '../exit-code.ts';
import { withInterrupt } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { addLogFlags, openLog, openProgress, readLogFlags } from '../logging.ts';
import { readPatterns } from '../flag-values.ts';
import { addPlaceFlags, type Flags } from '../pipeline-flags.ts';
import { findPipeline } from '../pipelines.ts';

/** `sluice replicate compare`: every row of both sides at one position (P7). */
export function replicateCompareCommand(io: CommandIo): Command {
  const command = new Command('compare')
    .summary('compare both sides at one position')
    .description(
      'Compares every table of the pipeline on both sides at one position of the source, while both are written to, ' +
        'and tells the rows that differ by their keys. Exits 3 when something differs.',
    )
    .argument('[name]', 'the pipeline in sluice.toml (default: its only one)')
    .addOption(
      new Option(
        '--only <list>',
        "compare only these of the pipeline's tables (patterns, comma-separated, repeatable)",
      ).argParser(readPatterns),
    )
    .option('--jobs <n>', 'connections that read at once, on each side', readCount('--jobs', 1))
    .option(
      '--list <n>',
      'differing rows told of each table; all are counted',
      readCount('--list', 0),
    )
    .option(
      '--as-is',
      'both databases as they are now, nothing applied for it: for a pipeline that cannot go on; ' +
        'changes under way count as differences',
    )
    .option('--json', 'print the report as one JSON document');
  addLogFlags(addPlaceFlags(command));
  return command.action(async (name: string | undefined, flags: Flags) => {
    const { options, config, sink } = await findPipeline(io, 'replicate compare', name, flags);
    if (sink !== undefined) throw notComparable(sink);
    const view = openProgress(io, false);
    const { level, file } = readLogFlags(flags, 'warn', config?.service.log_file);
    const deps = {
      log: openLog(io, { level, file }, view),
      metrics: new Metrics(),
      progress: view,
    };
    const wanted = { ...options, ...readLimits(flags) };
    const { result: report } = await withInterrupt(io, (signal) =>
      compareReplication(wanted, { ...deps, signal }).finally(() => view.close()),
    );
    io.stdout.write(`${flags['json'] === true ? toJson(report, 2) : summarizeReport(report)}\n`);
    if (!report.equal) io.exitCode = exitCodes.promise;
  });
}

function notComparable(sink: string): SluiceError {
  const problem = `${sink} is a sink: it holds no rows that could be compared`;
  return new SluiceError('COMMAND_USAGE', { command: 'replicate compare', problem });
}

function readLimits({ only, jobs, list, asIs }: Flags) {
  return {
    isAsIs: asIs === true,
    ...(Array.isArray(only) && { compareTables: only.map(String) }),
    ...(typeof jobs === 'number' && { compareJobs: jobs }),
    ...(typeof list === 'number' && { maxListedRows: list }),
  };
}

function readCount(flag: string, least: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (Number.isSafeInteger(count) && text.trim() !== '' && count >= least) return count;
    throw new SluiceError('COMMAND_USAGE', {
      command: 'replicate compare',
      problem: `${flag}: expected integer of at least ${least}, got ${text}`,
    });
  };
}
