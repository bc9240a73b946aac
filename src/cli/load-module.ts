import { existsSync } from 'node:fs';
import { isSluiceError, SluiceError } from '../errors/index.ts';
import { loadConsumers, type ConsumerDefinition } from '../queue/index.ts';

/** @throws QUEUE_MODULE, QUEUE_MODULE_LOAD, QUEUE_MODULE_MISSING, or what `consumer()` says of its options */
export async function loadModule(file: string): Promise<ConsumerDefinition[]> {
  if (!existsSync(file)) {
    throw new SluiceError('QUEUE_MODULE_MISSING', { file, folder: process.cwd() });
  }
  try {
    return await loadConsumers(file);
  } catch (error) {
    if (!isSluiceError(error, 'QUEUE_MODULE') || error.cause === undefined) throw error;
    if (isSluiceError(error.cause)) throw error.cause;
    const problem = String(error.details['problem']);
    throw new SluiceError('QUEUE_MODULE_LOAD', { file, problem }, { cause: error.cause });
  }
}
