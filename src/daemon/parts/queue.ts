import { QueueKeeper, WalQueue, type WalQueueConfig } from '../../queue/index.ts';
import type { LoadedConfig } from '../config-file.ts';
import type { Part } from '../part.ts';

/** The queues of every database that `[queue]` names, and every `[queue.wal.NAME]`. */
export function queueParts(config: LoadedConfig): Part[] {
  const { databases = [], wal = {} } = config.queue ?? {};
  return [
    ...databases.map((database) =>
      queuePart(database, async () => (await config.connectionOf(database)).reveal()),
    ),
    ...Object.entries(wal).map(([queue, settings]) => walQueuePart(config, queue, settings)),
  ];
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

/** One queue that lives in the WAL, taken to its target. */
function walQueuePart(config: LoadedConfig, queue: string, settings: WalQueueConfig): Part {
  return {
    name: `queue.wal.${queue}`,
    make: async ({ log, metrics, clock }) => {
      const [source, target] = await Promise.all([
        config.connectionOf(settings.source),
        config.connectionOf(settings.target),
      ]);
      return new WalQueue(
        {
          queue,
          source: source.reveal(),
          target: target.reveal(),
          targetQueue: settings.target_queue,
          spill: { directory: settings.spill_dir, maxBytes: settings.spill_max },
        },
        { log, metrics, clock },
      );
    },
  };
}
