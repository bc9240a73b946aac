import { Command, Option } from 'commander';
import { jobParts, loadConfig, poolParts, queueParts, replicateParts } from '../../daemon/index.ts';
import { SluiceError } from '../../errors/index.ts';
import type { PoolService } from '../../pool/index.ts';
import { readListen } from '../flag-values.ts';
import { FollowProgress } from '../follow-progress.ts';
import { isLive, type CommandIo } from '../io.ts';
import { addLogFlags, openLog, openProgress, readLogFlags } from '../logging.ts';
import type { Flags } from '../pipeline-flags.ts';
import { configFile, textFlag } from '../pipelines.ts';
import { upkeepSignals } from '../pooler/signals.ts';
import { runParts } from '../run-parts.ts';
import { readVersion } from '../version.ts';

/** `sluice run`: the daemon. */
export function runCommand(io: CommandIo): Command {
  const command = new Command('run')
    .summary('run everything in sluice.toml')
    .description(
      'Runs everything in sluice.toml until it is stopped. What fails for good stays stopped and is shown by ' +
        '`/status`; the rest goes on. SIGINT and SIGTERM stop cleanly; starting again goes on from there. With `[pool]`, ' +
        'SIGHUP reads that section again, SIGUSR1 pauses the pool and SIGUSR2 resumes it.',
    )
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .addOption(
      new Option('--status-listen <host:port>', 'overrides service.status_listen').argParser(
        readListen,
      ),
    );
  return addLogFlags(command).action(async (flags: Flags) => {
    const config = await loadConfig(configFile(io, flags));
    // Without a terminal the log is all there is to see, and it says enough.
    const view = isLive(io) ? openProgress(io, false) : undefined;
    const following = view && new FollowProgress(view);
    let pool: PoolService | undefined;
    const parts = [
      ...poolParts(config, { version: readVersion(), onMade: (made) => (pool = made) }),
      ...queueParts(config),
      ...jobParts(config),
      ...replicateParts(config, (replication) => following?.watch(replication)),
    ];
    if (parts.length === 0) {
      throw new SluiceError('COMMAND_NOTHING_CONFIGURED', { file: config.file });
    }
    const { level, file } = readLogFlags(flags, config.service.log_level, config.service.log_file);
    const log = openLog(io, { level, file }, view);
    await runParts(io, {
      parts,
      statusListen: textFlag(flags, 'statusListen') ?? config.service.status_listen,
      log,
      view,
      following,
      isBounded: false,
      ...(config.pool !== undefined && {
        signalActions: upkeepSignals(() => pool?.operations ?? null, log),
      }),
    });
  });
}
