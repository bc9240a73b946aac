import { Command } from 'commander';
import { feedPart, replicatePart, type OnMade, type Part } from '../../daemon/index.ts';
import type { Replication } from '../../replicate/index.ts';
import { blockingFindings, toJson, type Finding } from '../../service/index.ts';
import { describeSummary } from '../describe-replication.ts';
import { exitCodeOfFindings } from '../exit-code.ts';
import { readListen } from '../flag-values.ts';
import { FollowProgress } from '../follow-progress.ts';
import { checkPipeline, describeFindings } from '../findings.ts';
import { withInterrupt } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { addLogFlags, openLog, openProgress, readLogFlags } from '../logging.ts';
import { addPlaceFlags, addSettingFlags, type Flags } from '../pipeline-flags.ts';
import { findPipeline, textFlag, type FoundPipeline } from '../pipelines.ts';
import { runParts } from '../run-parts.ts';

/** `sluice replicate run`: check, copy, follow. */
export function replicateRunCommand(io: CommandIo): Command {
  const command = new Command('run')
    .summary('check, copy, and follow until stopped')
    .description(
      'Checks, copies the tables that are not copied yet, and follows the source until stopped. SIGINT and SIGTERM ' +
        'stop cleanly; running it again goes on from there.',
    )
    .argument('[name]', 'the pipeline in sluice.toml (default: its only one)')
    .option('--once', 'follow to where the source is when following begins, then end')
    .option(
      '--status-listen <host:port>',
      'where /metrics, /healthz and /status are served',
      readListen,
    )
    .option('--json', 'print progress and the summary as JSON lines');
  addLogFlags(addSettingFlags(addPlaceFlags(command)));
  return command.action(async (name: string | undefined, flags: Flags) => {
    const pipeline = await findPipeline(io, 'replicate run', name, flags);
    const blocking = await checkFirst(io, pipeline, flags);
    if (blocking.length > 0) io.exitCode = exitCodeOfFindings(blocking);
    else await replicate(io, pipeline, flags);
  });
}

/** A wrong password or host ends here; once it runs, what may pass is tried again for as long as it takes. */
async function checkFirst(
  io: CommandIo,
  pipeline: FoundPipeline,
  flags: Flags,
): Promise<Finding[]> {
  const { result: findings } = await withInterrupt(io, (signal) => checkPipeline(pipeline, signal));
  const blocking = blockingFindings(findings);
  if (flags['json'] === true) {
    for (const finding of findings) io.stdout.write(`${toJson({ type: 'finding', ...finding })}\n`);
  } else {
    io.stderr.write(describeFindings(findings));
  }
  if (blocking.length > 0)
    io.stderr.write(`sluice: ${pipeline.name} cannot start before that is done\n`);
  return blocking;
}

async function replicate(io: CommandIo, pipeline: FoundPipeline, flags: Flags): Promise<void> {
  const isJson = flags['json'] === true;
  const { level, file } = readLogFlags(flags, 'warn', pipeline.config?.service.log_file);
  const view = openProgress(io, isJson);
  const following = new FollowProgress(view);
  let replication: Pick<Replication, 'status'> | undefined;
  const part = partOf(pipeline, (made) => {
    replication = made;
    following.watch(made);
  });
  await runParts(io, {
    parts: [part],
    statusListen: textFlag(flags, 'statusListen') ?? pipeline.config?.service.status_listen,
    log: openLog(io, { level, file }, view),
    view,
    following,
    isBounded: flags['once'] === true,
  });
  if (replication === undefined) return;
  const status = replication.status();
  io.stdout.write(isJson ? `${toJson({ type: 'summary', ...status })}\n` : describeSummary(status));
}

function partOf({ name, options, config, sink }: FoundPipeline, onMade: OnMade): Part {
  const part = `replicate.${name}`;
  const readOptions = () => Promise.resolve({ ...options, isChecked: true });
  return config === undefined || sink === undefined
    ? replicatePart(part, readOptions, onMade)
    : feedPart(part, readOptions, (deps) => config.makeSink(sink, deps), onMade);
}
