import { z } from 'zod';
import type { ConfigProblem } from './config-problems.ts';

/** As much of the file as these rules need, whatever else is wrong with it. */
const references = z.object({
  databases: z.record(z.string(), z.unknown()).catch({}),
  sinks: z.record(z.string(), z.unknown()).catch({}),
  replicate: z.record(z.string(), z.record(z.string(), z.unknown()).catch({})).catch({}),
});

/** Settings of a pipeline that are about writing to a database. */
const ofDatabases = ['copy_jobs', 'synchronous_commit', 'sql_backlog'];

/** Names that could mean a database or a sink, and settings that have no meaning for what the target is. */
export function findSinkProblems(values: unknown): ConfigProblem[] {
  const { databases, sinks, replicate } = references.parse(values);
  const ambiguous = Object.keys(sinks)
    .filter((name) => name in databases)
    .map((name) => ({ path: ['sinks', name], text: 'is also a name of [databases]' }));
  const pipelines = Object.entries(replicate).flatMap(([name, settings]) => {
    const isSink = String(settings['target']) in sinks;
    const useless = Object.entries(settings).filter(([key, value]) =>
      isSink ? ofDatabases.includes(key) || value === 'durable' : key === 'positions',
    );
    const text = `has no effect with a target that is a ${isSink ? 'sink' : 'database'}`;
    return useless.map(([key]) => ({ path: ['replicate', name, key], text }));
  });
  return [...ambiguous, ...pipelines];
}
