import { Command, Option } from 'commander';
import { queuePart, type Part } from '../../daemon/index.ts';
import { ConsumerService, loadConsumers } from '../../queue/index.ts';
import { addDatabaseFlag, databaseOf } from '../database-flag.ts';
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
    .option('--once', 'end when nothing is left')
    .option('--ticker', 'also tick and maintain the queues, while nobody else does')
    .option('--no-listen', 'ask for batches instead of LISTENing, for connections through a pooler')
    .addOption(
      new Option('--status-listen <host:port>', 'serve /metrics, /healthz and /status there'),
    );
  return addLogFlags(addDatabaseFlag(command)).action(async (module: string, flags: Flags) => {
    const consumers = await loadConsumers(module);
    const { name, connection } = await databaseOf(io, 'queue run', flags);
    const target = textFlag(flags, 'target');
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
      log: openLog(io, readLogFlags(flags, 'info', undefined), undefined),
      view: undefined,
      following: undefined,
      isBounded: options.once,
    });
  });
}
