import {
  checkConsumer,
  checkKeptDatabase,
  checkWalQueue,
  EventFeed,
  QueueKeeper,
  WalQueue,
  type CheckOptions,
  type QueueFeedConfig,
  type WalQueueConfig,
} from '../../queue/index.ts';
import type { LoadedConfig } from '../config-file.ts';
import type { Part } from '../part.ts';

/** The queues of every database that `[queue]` names, every `[queue.wal.NAME]` and every `[queue.sinks.NAME]`. */
export function queueParts(config: LoadedConfig): Part[] {
  const { databases = [], wal = {}, sinks = {} } = config.queue ?? {};
  return [
    ...databases.map((database) => queuePart(database, () => connectionIn(config, database))),
    ...Object.entries(wal).map(([queue, settings]) => walQueuePart(config, queue, settings)),
    ...Object.entries(sinks).map(([name, settings]) => eventFeedPart(config, name, settings)),
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
    check: (signal) => checkKeptDatabase(database, { connectionOf: readConnection, signal }),
  };
}

/** One queue that lives in the WAL, taken to its target. */
function walQueuePart(config: LoadedConfig, queue: string, settings: WalQueueConfig): Part {
  return {
    name: `queue.wal.${queue}`,
    make: async ({ log, metrics, clock }) => {
      const [source, target] = await Promise.all([
        connectionIn(config, settings.source),
        connectionIn(config, settings.target),
      ]);
      return new WalQueue(
        {
          queue,
          source,
          target,
          targetQueue: settings.target_queue,
          spill: { directory: settings.spill_dir, maxBytes: settings.spill_max },
        },
        { log, metrics, clock },
      );
    },
    check: (signal) => {
      const { source, target, target_queue: targetQueue = queue } = settings;
      return checkWalQueue({ queue, source, target, targetQueue }, optionsOf(config, signal));
    },
  };
}

/** One queue whose events go to a sink. */
function eventFeedPart(config: LoadedConfig, name: string, settings: QueueFeedConfig): Part {
  return {
    name: `queue.sinks.${name}`,
    make: async ({ log, metrics, clock }) => {
      const { database, queue, consumer = name, sink, key } = settings;
      const db = await connectionIn(config, database);
      const made = await config.makeSink(sink, { log, ...(clock !== undefined && { clock }) });
      return new EventFeed({ name, db, queue, consumer, key }, made, { log, metrics, clock });
    },
    check: (signal) => checkConsumer(settings, optionsOf(config, signal)),
    sink: settings.sink,
  };
}

function optionsOf(config: LoadedConfig, signal: AbortSignal): CheckOptions {
  return { connectionOf: (database) => connectionIn(config, database), signal };
}

async function connectionIn(config: LoadedConfig, database: string): Promise<string> {
  return (await config.connectionOf(database)).reveal();
}
