import { Command, Option } from 'commander';
import { queuePart, type Part } from '../../daemon/index.ts';
import { SluiceError } from '../../errors/index.ts';
import {
  ConsumerService,
  loadConsumers,
  readLeftEvents,
  requireSchema,
  type ConsumerDefinition,
} from '../../queue/index.ts';
import type { Log } from '../../service/index.ts';
import { addDatabaseFlag, databaseOf, withDatabase } from '../database-flag.ts';
import type { CommandIo } from '../io.ts';
import { addLogFlags, openLog, readLogFlags } from '../logging.ts';
import type { Flags } from '../pipeline-flags.ts';
import { connectionString, textFlag } from '../pipelines.ts';
import { runParts } from '../run-parts.ts';

/** `sluice queue run`: the consumers of a module. */
export function queueRunCommand(io: CommandIo): Command {
  const command = new Command('run')
    .summary('run the consumers of a module')
    .description(
      'Runs what a JavaScript or TypeScript module exports as default: a consumer, or an array of them. While another ' +
        'process runs a consumer of the same name, waits and takes its place when it ends. Queues need a ticker: ' +
        '`sluice run`, `sluice queue ticker`, or --ticker.',
    )
    .argument('<module>', 'the file, as in ./mailer.ts')
    .option(
      '--target <url>',
      'where remote and serial consumers write: a connection string or name',
    )
    .option('--once', 'end after all that is committed, with or without a ticker')
    .option('--ticker', 'also tick and maintain the queues, while nobody else does')
    .option('--no-listen', 'ask for batches instead of LISTENing, for connections through a pooler')
    .addOption(
      new Option('--status-listen <host:port>', 'serve /metrics, /healthz and /status there'),
    );
  return addLogFlags(addDatabaseFlag(command)).action(async (module: string, flags: Flags) => {
    const consumers = await loadConsumers(module);
    const { name, connection } = await databaseOf(io, 'queue run', flags);
    const target = textFlag(flags, 'target');
    if (target === undefined) requireNoTarget(consumers);
    const log = openLog(io, readLogFlags(flags, 'info', undefined), undefined);
    const options = {
      db: connection,
      once: flags['once'] === true,
      listen: flags['listen'] !== false,
      ...(target !== undefined && {
        target: await connectionString(io, flags, '--target', target),
      }),
    };
    const parts = consumers.map((definition): Part => ({
      name: `consumer.${definition.name}`,
      make: (deps) => Promise.resolve(new ConsumerService(definition, options, deps)),
    }));
    if (flags['ticker'] === true) parts.push(queuePart(name, () => Promise.resolve(connection)));
    await runParts(io, {
      parts,
      statusListen: textFlag(flags, 'statusListen'),
      log,
      view: undefined,
      following: undefined,
      isBounded: options.once,
    });
    // A pooler is for consumers alone: their connections are made for it.
    if (options.once && options.listen) await tellWhatIsLeft(io, flags, consumers, log);
  });
}

function requireNoTarget(consumers: readonly ConsumerDefinition[]): void {
  const found = consumers.find(({ kind }) => kind === 'remote' || kind === 'serial');
  if (found === undefined) return;
  const problem = `--target is missing: consumer ${found.name} is ${found.kind}, and writes in another database`;
  throw new SluiceError('COMMAND_USAGE', { command: 'queue run', problem });
}

/** Whoever runs it once thinks that all is done. */
async function tellWhatIsLeft(
  io: CommandIo,
  flags: Flags,
  consumers: readonly ConsumerDefinition[],
  log: Log,
): Promise<void> {
  await withDatabase(io, 'queue run', flags, async (client) => {
    if ((await requireSchema(client)) === 'original') return;
    for (const { queues, name: consumer } of consumers) {
      for (const queue of queues) {
        const { isPaused, comingAgain } = await readLeftEvents(client, queue, consumer);
        if (isPaused) log.warn('the queue is paused: events behind its last tick stay', { queue });
        if (comingAgain > 0)
          log.warn('events come again later', { queue, consumer, events: comingAgain });
      }
    }
  });
}
