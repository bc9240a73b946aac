import { Replication, type ReplicationOptions } from '../../src/replicate/index.ts';
import { Metrics, silentLog, silentProgress } from '../../src/service/index.ts';
import type { TestDatabase } from '../kit/index.ts';

/** A pipeline between two test databases; not started. */
export function pipelineBetween(
  source: TestDatabase,
  target: TestDatabase,
  options: Partial<ReplicationOptions> = {},
  metrics = new Metrics(),
): Replication {
  return new Replication(
    {
      source: source.url,
      target: target.url,
      name: 'test',
      tablesWithoutKey: 'insert_only',
      copyJobs: 2,
      ...options,
    },
    { log: silentLog, metrics, progress: silentProgress },
  );
}

/** Copies what is missing, follows up to where the source is now, ends. */
export async function runOnce(
  source: TestDatabase,
  target: TestDatabase,
  options: Partial<ReplicationOptions> = {},
): Promise<Replication> {
  const pipeline = pipelineBetween(source, target, { ...options, once: true });
  pipeline.start();
  await pipeline.finished;
  return pipeline;
}
