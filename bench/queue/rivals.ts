import { run as runGraphile, runMigrations } from 'graphile-worker';
import { PgBoss } from 'pg-boss';
import { runSql } from '../../test/kit/sql.ts';
import type { Measured, Side } from '../kit/bench.ts';

/** What a queue is asked to do in a bench: hand all of its jobs to a handler that does nothing. */
export interface RivalOptions {
  readonly url: string;
  readonly jobs: number;
}

const data = { order: 1, customer: 'somebody', total: 12.5 };

/** graphile-worker as it comes: a job at a time. */
export function graphileDefault(options: RivalOptions): Side {
  return graphile('graphile-worker', options, { concurrentJobs: 1 });
}

/** graphile-worker with the batching that it has. */
export function graphileBatching(options: RivalOptions): Side {
  return graphile('graphile-worker, localQueue 500', options, {
    concurrentJobs: 24,
    maxPoolSize: 26,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  });
}

/** pg-boss as it comes: it looks for a job every two seconds. */
export function bossDefault(options: RivalOptions): Side {
  return boss('pg-boss', options, {});
}

/** pg-boss with the batching that it has. */
export function bossBatching(options: RivalOptions): Side {
  return boss('pg-boss, batchSize 1000', options, { batchSize: 1000, burstWhenBatchFull: true });
}

function graphile(
  name: string,
  { url, jobs }: RivalOptions,
  worker: GraphileConfig.WorkerOptions,
): Side {
  return {
    name,
    measure: async () => {
      const counted = countTo(jobs);
      await runMigrations({ connectionString: url });
      await runSql(
        url,
        `SELECT count(graphile_worker.add_job('placed', '${JSON.stringify(data)}')) FROM generate_series(1, ${jobs})`,
      );
      const startedAt = performance.now();
      const runner = await runGraphile({
        connectionString: url,
        noHandleSignals: true,
        taskList: { placed: () => counted.add(1) },
        preset: { worker },
      });
      await counted.all;
      const seconds = (performance.now() - startedAt) / 1000;
      await runner.stop();
      return perSecond(jobs, seconds);
    },
  };
}

function boss(
  name: string,
  { url, jobs }: RivalOptions,
  work: { batchSize?: number; burstWhenBatchFull?: boolean },
): Side {
  return {
    name,
    measure: async (run) => {
      const counted = countTo(jobs);
      const client = new PgBoss(url);
      client.on('error', () => undefined);
      await client.start();
      const queue = `placed_${run}_${work.batchSize ?? 1}`;
      await client.createQueue(queue);
      for (let left = jobs; left > 0; left -= 1000) {
        await client.insert(
          queue,
          Array.from({ length: Math.min(left, 1000) }, () => ({ data })),
        );
      }
      const startedAt = performance.now();
      await client.work(queue, work, (got) => Promise.resolve(counted.add(got.length)));
      await counted.all;
      const seconds = (performance.now() - startedAt) / 1000;
      await client.stop();
      return perSecond(jobs, seconds);
    },
  };
}

function countTo(jobs: number): { all: Promise<void>; add(count: number): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  return {
    all: promise,
    add: (count) => {
      done += count;
      if (done >= jobs) resolve();
    },
  };
}

export function perSecond(events: number, seconds: number): Measured {
  return { rate: events / seconds };
}
