import { reloadingJobPart, type Part } from '../daemon/index.ts';
import { SluiceError } from '../errors/index.ts';
import type { ReloadingJob } from '../jobs/index.ts';
import type { FoundJob } from './find-jobs.ts';
import type { CommandIo } from './io.ts';
import { keepStatus } from './job-process.ts';
import { openLog, readLogFlags } from './logging.ts';
import type { Flags } from './pipeline-flags.ts';
import { textFlag } from './pipelines.ts';
import { PidFile } from './process/pid-file.ts';
import { runParts } from './run-parts.ts';

/** Jobs as this process, until they are done or stopped. SIGHUP has them read their settings again. */
export async function runJobs(
  io: CommandIo,
  jobs: readonly FoundJob[],
  flags: Flags,
  onReady: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const [only, ...others] = jobs;
  // Files of several jobs name no process that is theirs alone.
  const own = others.length === 0 ? only?.plan.config : undefined;
  const level = flags['quiet'] === true ? 'warn' : 'info';
  const log = openLog(io, readLogFlags(flags, level, own?.logfile), undefined);
  for (const warning of jobs.flatMap(({ warnings }) => warnings)) log.warn(warning);
  const pidFile = new PidFile(own?.pidfile ?? '');
  await pidFile.check(log);
  await pidFile.write();
  const running = new Map<string, ReloadingJob>();
  const parts = jobs.map((job) => partOf(job, own?.pidfile, running));
  try {
    await onReady();
    await runParts(io, {
      parts,
      statusListen: textFlag(flags, 'statusListen'),
      log,
      view: undefined,
      following: undefined,
      isBounded: jobs.every(({ plan }) => plan.once),
      signalActions: {
        SIGHUP: () => void Promise.all([...running.values()].map((job) => job.reload())),
      },
    });
  } finally {
    await pidFile.remove(log);
  }
}

/** @throws COMMAND_DETACHED_NEEDS  nobody could find it again, or what it says */
export function requireFiles({ plan, place }: FoundJob): void {
  const missing = (['pidfile', 'logfile'] as const).find(
    (setting) => plan.config[setting] === undefined,
  );
  if (missing === undefined) return;
  throw new SluiceError('COMMAND_DETACHED_NEEDS', { file: place, setting: missing });
}

function partOf(
  job: FoundJob,
  pidfile: string | undefined,
  running: Map<string, ReloadingJob>,
): Part {
  return reloadingJobPart(job.plan, {
    reload: () => job.reload(),
    onMade: (made) => running.set(job.plan.name, made),
    onStatus: pidfile === undefined ? undefined : (status) => keepStatus(pidfile, status),
  });
}
