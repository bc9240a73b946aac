import { z } from 'zod';
import { databaseSettings } from '../jobs/index.ts';
import type { ConfigProblem } from './config-problems.ts';
import { nearestName } from '../service/index.ts';

/** As much of the file as this rule needs, whatever else is wrong with it: a file is corrected once. */
const references = z.object({
  databases: z.record(z.string(), z.unknown()).catch({}),
  sinks: z
    .record(
      z.string(),
      z
        .object({
          queue: z.object({ database: z.string().optional().catch(undefined) }).catch({}),
        })
        .catch({ queue: {} }),
    )
    .catch({}),
  replicate: z
    .record(
      z.string(),
      z
        .object({
          source: z.string().optional().catch(undefined),
          target: z.string().optional().catch(undefined),
          positions: z.string().optional().catch(undefined),
        })
        .catch({}),
    )
    .catch({}),
  pool: z
    .object({
      databases: z
        .record(
          z.string(),
          z.object({ database: z.string().optional().catch(undefined) }).catch({}),
        )
        .catch({}),
    })
    .catch({ databases: {} }),
  queue: z
    .object({
      databases: z.array(z.unknown()).catch([]),
      wal: z
        .record(
          z.string(),
          z
            .object({
              source: z.string().optional().catch(undefined),
              target: z.string().optional().catch(undefined),
            })
            .catch({}),
        )
        .catch({}),
      sinks: z
        .record(
          z.string(),
          z.object({ database: z.string().optional().catch(undefined) }).catch({}),
        )
        .catch({}),
    })
    .catch({ databases: [], wal: {}, sinks: {} }),
  jobs: z.record(z.string(), z.record(z.string(), z.unknown()).catch({})).catch({}),
});

/** Pipelines' and jobs' sources and targets, databases of the pool and of the queues, that `[databases]` does not hold. */
export function findUnknownDatabases(values: unknown): ConfigProblem[] {
  const { databases, sinks, replicate, pool, queue, jobs } = references.parse(values);
  const known = Object.keys(databases);
  return [
    ...Object.entries(replicate).flatMap(([pipeline, sides]) =>
      Object.entries(sides)
        .filter(([side, name]) => side !== 'target' || name === undefined || !(name in sinks))
        .map(([side, name]) => ({ path: ['replicate', pipeline, side], name })),
    ),
    ...Object.entries(pool.databases).map(([pooled, { database }]) => ({
      path: ['pool', 'databases', pooled, 'database'],
      name: database,
    })),
    ...Object.entries(sinks).map(([sink, kinds]) => ({
      path: ['sinks', sink, 'queue', 'database'],
      name: kinds.queue.database,
    })),
    ...queue.databases.map((name, index) => ({
      path: ['queue', 'databases', index],
      name: typeof name === 'string' ? name : undefined,
    })),
    ...Object.entries(queue.wal).flatMap(([walQueue, sides]) =>
      Object.entries(sides).map(([side, name]) => ({
        path: ['queue', 'wal', walQueue, side],
        name,
      })),
    ),
    ...Object.entries(queue.sinks).map(([feed, { database }]) => ({
      path: ['queue', 'sinks', feed, 'database'],
      name: database,
    })),
    ...Object.entries(jobs).flatMap(([job, settings]) =>
      databaseSettings.map((setting) => ({
        path: ['jobs', job, setting],
        name: typeof settings[setting] === 'string' ? settings[setting] : undefined,
      })),
    ),
  ].flatMap(({ path, name }) =>
    name === undefined || known.includes(name)
      ? []
      : [
          {
            path,
            text: describeUnknown(
              name,
              known,
              path[0] !== 'queue' && path.at(-1) === 'target' ? sinks : {},
            ),
          },
        ],
  );
}

/** A connection string where a name belongs is not repeated: it may hold a password. */
function describeUnknown(
  name: string,
  databases: readonly string[],
  sinks: Readonly<Record<string, unknown>>,
): string {
  if (/[:=@/]/.test(name)) return 'expected a name of [databases], got a connection string';
  const names = Object.keys(sinks);
  const nearest = nearestName(name, [...databases, ...names]);
  const what = names.length === 0 ? `database ${name} in [databases]` : `database or sink ${name}`;
  return `no ${what}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}
