import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** The first line a child process writes, read as JSON of a known shape. */
export async function firstJsonLine<T>(output: Readable, schema: z.ZodType<T>): Promise<T> {
  const lines = createInterface({ input: output });
  const [line] = z.tuple([z.string()]).parse(await once(lines, 'line'));
  return schema.parse(JSON.parse(line));
}
