import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import {
  defaultRows,
  leastRows,
  runDemo,
  type DemoReport,
  type KeptDemo,
} from '../../demo/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { isAbort, Metrics, toJson } from '../../service/index.ts';
import { describeDemo, describeKept } from '../describe-demo.ts';
import { exitCodes } from '../exit-code.ts';
import { withInterrupt } from '../interrupt.ts';
import { isLive, type CommandIo } from '../io.ts';
import { addLogFlags, openLog, openProgress, readLogFlags } from '../logging.ts';
import type { Flags } from '../pipeline-flags.ts';
import { readVersion } from '../version.ts';
import type { ProgressView } from '../progress/view.ts';

const flagsShape = z.object({
  rows: z.number(),
  follow: z.number(),
  rate: z.number(),
  tamper: z.boolean().default(false),
  keep: z.boolean().default(false),
  json: z.boolean().default(false),
});
type DemoFlags = z.infer<typeof flagsShape>;

/** `sluice demo`: everything at once, on two servers of its own. */
export function demoCommand(io: CommandIo): Command {
  const command = new Command('demo')
    .summary('see it work: two servers, a live shop, moved and compared')
    .description(
      'Starts two real PostgreSQL servers (17 and 18, or what there is) in temporary folders, makes a shop on the first, keeps ' +
        'writing to it through a pool while it is checked, copied and followed into the second, compares every ' +
        'row, and moves the writers over without one of them noticing more than a wait. Nothing is left behind. ' +
        'Exits 3 when the two sides differ or a transaction is missing.',
    )
    .addOption(
      new Option('--rows <n>', 'about how many rows the shop has')
        .default(defaultRows)
        .argParser(wholeNumber(leastRows)),
    )
    .addOption(
      new Option('--follow <seconds>', 'how long the shop stays open after the copy')
        .default(8)
        .argParser(wholeNumber(0)),
    )
    .addOption(
      new Option('--rate <n>', 'transactions a second that the shop aims at')
        .default(300)
        .argParser(wholeNumber(1)),
    )
    .option(
      '--tamper',
      'change three rows of the target before the comparison, to see it find them',
    )
    .option('--keep', 'at the end, leave everything running until Ctrl-C, to try things')
    .option('--json', 'print progress and the summary as JSON lines');
  return addLogFlags(command).action(async (flags: Flags) => {
    const report = await run(io, flags, flagsShape.parse(flags));
    const isLost = (report.switched?.missing ?? 0) > 0;
    if (!report.compare.equal || isLost) io.exitCode = exitCodes.promise;
  });
}

async function run(io: CommandIo, flags: Flags, asked: DemoFlags): Promise<DemoReport> {
  const view = openProgress(io, asked.json);
  const { level, file } = readLogFlags(flags, 'error', undefined);
  const log = openLog(io, { level, file }, view);
  let shown: DemoReport | undefined;
  const show = (report: DemoReport): void => {
    shown = report;
    if (!asked.keep) view.close();
    const summary = asked.json
      ? `${toJson({ type: 'summary', ...report })}\n`
      : describeDemo(report);
    io.stdout.write(summary);
  };
  const { result, interruptedBy } = await withInterrupt(io, async (signal) => {
    const keep = async (report: DemoReport, kept: KeptDemo): Promise<void> => {
      show(report);
      await keepUntil(signal, io, kept, view, asked);
    };
    try {
      return await runDemo(
        {
          rows: asked.rows,
          version: readVersion(),
          followMs: asked.follow * 1000,
          transactionsPerSecond: asked.rate,
          tamper: asked.tamper,
          ...(asked.keep && { keep }),
        },
        { progress: view, log, metrics: new Metrics(), signal },
      );
    } catch (error) {
      if (isAbort(error, signal)) return shown;
      throw error;
    } finally {
      view.close();
    }
  });
  if (result === undefined) {
    throw new SluiceError('DEMO_INTERRUPTED', { signal: interruptedBy ?? 'a signal' });
  }
  if (shown === undefined) show(result);
  return result;
}

/** Ctrl-C is how this ends well. */
async function keepUntil(
  signal: AbortSignal,
  io: CommandIo,
  kept: KeptDemo,
  view: ProgressView,
  { json }: DemoFlags,
): Promise<void> {
  const { pipeline, source, target, pool, console, configFile } = kept;
  // As it was called: from the sources under npm, else by its name.
  const sluice = io.env['npm_lifecycle_event'] === undefined ? 'sluice' : 'npm run sluice --';
  if (json)
    io.stdout.write(
      `${toJson({ type: 'kept', pipeline, source, target, pool, console, configFile })}\n`,
    );
  else io.stdout.write(describeKept(kept, sluice));
  if (isLive(io) && !json) kept.watch(view);
  if (signal.aborted) return;
  await new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`a whole number, ${least} or more, is wanted.`);
  };
}
