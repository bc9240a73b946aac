import { Command, Option } from 'commander';
import { queuePart } from '../../daemon/index.ts';
import { explainRefusal } from '../../queue/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { addDatabaseFlag, databaseOf, withDatabase } from '../database-flag.ts';
import { readListen } from '../flag-values.ts';
import type { CommandIo } from '../io.ts';
import { addLogFlags, openLog, readLogFlags } from '../logging.ts';
import type { Flags } from '../pipeline-flags.ts';
import { textFlag } from '../pipelines.ts';
import { loadPgqdIni, runPgqd } from '../pgqd.ts';
import { runParts } from '../run-parts.ts';

/** `sluice queue ticker`: ticker and maintenance of one database, without a config file. */
export function queueTickerCommand(io: CommandIo): Command {
  const command = new Command('ticker')
    .summary('tick and maintain the queues of a database')
    .description(
      'Ticks, rotates and compacts the queues of one database until it is stopped; what `[queue]` of sluice.toml does ' +
        'in `sluice run`. Of several for one database, one works and the others stand by. With a pgqd.ini: of the databases ' +
        'it names, or of all that have queues.',
    )
    .argument('[ini]', 'a pgqd.ini')
    .addOption(
      new Option(
        '--status-listen <host:port>',
        'serve /metrics, /healthz and /status there',
      ).argParser(readListen),
    );
  return addLogFlags(addDatabaseFlag(command)).action(
    async (ini: string | undefined, flags: Flags) => {
      if (ini !== undefined) return runPgqdIni(io, ini, flags);
      const { name, connection } = await databaseOf(io, 'queue ticker', flags);
      const running = runParts(io, {
        parts: [queuePart(name, () => Promise.resolve(connection))],
        statusListen: textFlag(flags, 'statusListen'),
        log: openLog(io, readLogFlags(flags, 'info', undefined), undefined),
        view: undefined,
        following: undefined,
        isBounded: false,
      });
      await running.catch((error: unknown) => explainEnd(io, flags, error));
    },
  );
}

/** With the grant that is missing, where that is why the ticker could not go on. */
async function explainEnd(io: CommandIo, flags: Flags, error: unknown): Promise<never> {
  if (sqlstateOf(error) !== '42501') throw error;
  return withDatabase(io, 'queue ticker', flags, async (client) => {
    throw await explainRefusal(client, error, 'pgq_admin');
  });
}

async function runPgqdIni(io: CommandIo, file: string, flags: Flags): Promise<void> {
  const config = await loadPgqdIni(file);
  const { level, file: logfile } = readLogFlags(flags, 'info', config.logfile);
  const statusListen = textFlag(flags, 'statusListen');
  await runPgqd(io, { ...config, logfile }, { level, statusListen });
}
