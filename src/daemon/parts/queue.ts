import { QueueKeeper } from '../../queue/index.ts';
import type { LoadedConfig } from '../config-file.ts';
import type { Part } from '../part.ts';

/** The queues of every database that `[queue]` names; none where the file has no such section. */
export function queueParts(config: LoadedConfig): Part[] {
  return (config.queue?.databases ?? []).map((database) =>
    queuePart(database, async () => (await config.connectionOf(database)).reveal()),
  );
}

/** Ticker and maintenance of one database as a part. */
export function queuePart(database: string, readConnection: () => Promise<string>): Part {
  return {
    name: `queue.${database}`,
    make: async ({ log, metrics, clock }) =>
      new QueueKeeper(
        { database, connection: await readConnection() },
        { log, metrics, ...(clock !== undefined && { clock }) },
      ),
  };
}
