import type { Client } from 'pg';
import { requireSchema } from '../queue/index.ts';
import { withDatabase } from './database-flag.ts';
import type { CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';

/**
 * Runs with a connection to the database of the flags, which has queues.
 *
 * @throws QUEUE_NOT_INSTALLED
 */
export async function withQueues<T>(
  io: CommandIo,
  command: string,
  flags: Flags,
  run: (client: Client, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDatabase(io, command, flags, async (client, signal) => {
    await requireSchema(client);
    return run(client, signal);
  });
}
