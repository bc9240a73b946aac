import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { isSluiceError, SluiceError } from '../../errors/index.ts';
import type { ConsumerDefinition } from './definition.ts';

const isDefinition = z.object({
  queues: z.array(z.string()),
  name: z.string(),
  kind: z.string(),
  maxEvents: z.number(),
});

/**
 * The consumers of a module: its default export, made with `consumer(...)`, or an array of such.
 *
 * @param file a JavaScript or TypeScript module; relative ones from the current folder
 * @throws QUEUE_MODULE_MISSING, QUEUE_MODULE_LOAD, QUEUE_MODULE, or what `consumer()` says of its options
 */
export async function loadConsumers(file: string): Promise<ConsumerDefinition[]> {
  const loaded: unknown = await load(file);
  const exported: unknown = Object(loaded).default;
  const found: unknown[] = Array.isArray(exported) ? exported : [exported];
  if (found.length > 0 && found.every(isConsumer)) return found;
  throw new SluiceError('QUEUE_MODULE', {
    file,
    problem: 'its default export is no consumer, and no array of them',
  });
}

function isConsumer(value: unknown): value is ConsumerDefinition {
  return isDefinition.safeParse(value).success;
}

async function load(file: string): Promise<unknown> {
  if (!existsSync(file)) {
    throw new SluiceError('QUEUE_MODULE_MISSING', { file, folder: process.cwd() });
  }
  try {
    return await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    if (isSluiceError(cause)) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('QUEUE_MODULE_LOAD', { file, problem }, { cause });
  }
}
