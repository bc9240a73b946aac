import { Command } from 'commander';
import { toJson } from '../../service/index.ts';
import { formatColumns } from '../columns.ts';
import { findJobs } from '../find-jobs.ts';
import type { CommandIo } from '../io.ts';
import { addJobFlags } from '../job-flags.ts';
import { readJobProcess, type JobProcess } from '../job-process.ts';
import type { Flags } from '../pipeline-flags.ts';

/** `sluice jobs status`. */
export function jobsStatusCommand(io: CommandIo): Command {
  const command = new Command('status')
    .summary('show jobs in the background')
    .description(
      'Shows jobs that run in the background, with what they have counted since their start. Jobs of `sluice run` are on its ' +
        'status page.',
    );
  return addJobFlags(command)
    .option('--json', 'print one JSON document')
    .action(async (given: string[], flags: Flags) => {
      const wanted =
        given.length === 0 && flags['type'] === undefined ? { ...flags, all: true } : flags;
      const jobs = await findJobs(io, 'jobs status', given, wanted);
      const processes = await Promise.all(jobs.map(readJobProcess));
      io.stdout.write(flags['json'] === true ? `${toJson(processes, 2)}\n` : describe(processes));
    });
}

function describe(processes: readonly JobProcess[]): string {
  return formatColumns([
    ['job', 'kind', 'state', 'pid', 'counted', ''],
    ...processes.map(({ job, kind, state, pid, totals, trouble }) => [
      job,
      kind,
      state,
      pid === null ? '-' : String(pid),
      Object.entries(totals)
        .map(([what, amount]) => `${what}: ${Math.round(amount * 100) / 100}`)
        .join(', ') || '-',
      trouble ?? '',
    ]),
  ]);
}
