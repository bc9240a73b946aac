import { z } from 'zod';
import { jobSchema, makeJob, type JobStatus } from '../../src/jobs/index.ts';
import { createLog, Metrics, silentProgress } from '../../src/service/index.ts';

/** A batch was not taken; the message is the line of the log. */
export class JobFailure extends Error {}

export interface Ran {
  readonly status: JobStatus;
  readonly log: readonly Record<string, unknown>[];
}

/**
 * Runs a job until nothing is left to do. Databases in its settings are connection strings.
 *
 * @param options `mayRepeat`: a batch that fails is repeated, as always; else the first one ends it
 */
export async function runJob(
  settings: Record<string, unknown>,
  name = 'job',
  { mayRepeat = false } = {},
): Promise<Ran> {
  const log: Record<string, unknown>[] = [];
  const failed = Promise.withResolvers<never>();
  const write = (line: string): void => {
    const entry = z.looseObject({ msg: z.string() }).parse(JSON.parse(line));
    log.push(entry);
    if (!mayRepeat && entry.msg.startsWith('a batch is repeated'))
      failed.reject(new JobFailure(line));
  };
  const job = makeJob(
    {
      name,
      config: jobSchema.parse(settings),
      connectionOf: (connection) => Promise.resolve(connection),
      once: true,
    },
    {
      log: createLog({ level: 'debug', write }),
      metrics: new Metrics(),
      progress: silentProgress,
    },
  );
  job.start();
  try {
    await Promise.race([job.finished, failed.promise]);
  } finally {
    failed.promise.catch(() => undefined);
    await job.stop();
  }
  return { status: job.status(), log };
}
