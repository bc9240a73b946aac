import type { Client } from 'pg';
import { explainRefusal, requireSchema, type QueueGroup } from '../queue/index.ts';
import { withDatabase } from './database-flag.ts';
import type { CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';

/**
 * Runs with a connection to the database of the flags, which has queues.
 *
 * @param group whose members may do it
 * @throws QUEUE_NOT_INSTALLED, QUEUE_RIGHTS, QUEUE_REFUSED
 */
export async function withQueues<T>(
  io: CommandIo,
  command: string,
  flags: Flags,
  run: (client: Client, signal: AbortSignal) => Promise<T>,
  group: QueueGroup = 'pgq_admin',
): Promise<T> {
  return withDatabase(io, command, flags, async (client, signal) => {
    await requireSchema(client);
    try {
      return await run(client, signal);
    } catch (error) {
      throw await explainRefusal(client, error, group);
    }
  });
}
