import type { LoadedConfig } from './config-file.ts';
import type { Part } from './part.ts';
import { jobParts } from './parts/jobs.ts';
import { poolParts } from './parts/pool.ts';
import { queueParts } from './parts/queue.ts';

/** What can be known of something in sluice.toml before it is used. */
export type PartCheck = Required<Pick<Part, 'name' | 'check'>> & Pick<Part, 'sink'>;

/** Of the pool, the queues and the jobs; pipelines, which flags may change, are looked at where those are known. */
export function partChecks(config: LoadedConfig): PartCheck[] {
  const parts = [...poolParts(config, { version: '' }), ...queueParts(config), ...jobParts(config)];
  return parts.flatMap((part) => {
    const { name, check, sink } = part;
    return check === undefined ? [] : [{ name, check, ...(sink !== undefined && { sink }) }];
  });
}

/** Every `[sinks.NAME]`, whoever uses it. */
export function sinkChecks(config: LoadedConfig): PartCheck[] {
  return Object.keys(config.sinks).map((name) => ({
    name: `sinks.${name}`,
    check: async (signal) => (await config.makeSink(name, {})).check(signal),
  }));
}
