import type { z } from 'zod';
import { queueSink, queueSinkSchema } from '../queue/index.ts';
import type { Secret } from '../session/index.ts';
import { makeSink, oneKindOf, sinkKinds, type MakeSinkOptions, type Sink } from '../sink/index.ts';

/** `[sinks.NAME]`: what room `sink` knows, and a queue, which stands above it. */
export const sinkSchema = oneKindOf({ ...sinkKinds, queue: queueSinkSchema.optional() });

export interface MakeAnySinkOptions extends MakeSinkOptions {
  readonly connectionOf: (database: string) => Promise<Secret>;
}

/** @throws SINK_SECRET, CONFIG_DATABASE */
export async function makeAnySink(
  { queue: section, ...others }: z.output<typeof sinkSchema>,
  { connectionOf, ...options }: MakeAnySinkOptions,
): Promise<Sink> {
  if (section === undefined) return makeSink(others, options);
  const { name, folder: _folder, env: _env, ...deps } = options;
  const { database, queue, dedup_window: dedupWindow } = section;
  const db = (await connectionOf(database)).reveal();
  return queueSink({ name, db, queue, dedupWindowMs: dedupWindow * 1000 }, deps);
}
