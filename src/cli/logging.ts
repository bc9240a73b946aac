import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { SluiceError } from '../errors/index.ts';
import { createLog, logLevels, systemReason, type Log, type LogLevel } from '../service/index.ts';
import { readText } from './flag-values.ts';
import { isLive, type CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';
import { JsonProgress } from './progress/json.ts';
import { PlainProgress } from './progress/plain.ts';
import { TerminalProgress } from './progress/terminal.ts';
import type { ProgressView } from './progress/view.ts';

/** Where a person looks on: a live table when there is a terminal, else lines; JSON lines on stdout when asked. */
export function openProgress(io: CommandIo, isJson: boolean): ProgressView {
  if (isJson) return new JsonProgress(io.stdout);
  return isLive(io) ? new TerminalProgress(io.stderr) : new PlainProgress(io.stderr);
}

/**
 * The log: to its file when there is one; to a person as short lines above the live table; else as JSON lines on
 * stderr, for what collects them.
 */
export function openLog(
  io: CommandIo,
  options: { level: LogLevel; file?: string | undefined },
  view: ProgressView | undefined,
): Log {
  const { level, file } = options;
  if (file !== undefined) {
    expectWritable(file);
    return createLog({ level, file });
  }
  if (view !== undefined && isLive(io)) {
    return createLog({ level, write: (line) => view.print(describeLine(line)) });
  }
  return createLog({ level, write: (line) => io.stderr.write(line) });
}

/** Later nobody would be told: what is to be logged is lost. @throws COMMAND_LOG_FILE */
function expectWritable(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, 'a'));
  } catch (cause) {
    throw new SluiceError('COMMAND_LOG_FILE', { file, reason: systemReason(cause) }, { cause });
  }
}

/** For every command that goes on for long. */
export function addLogFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'the least severe lines that are logged').choices(
        logLevels,
      ),
    )
    .option('--log-file <file>', 'append the log to a file instead of stderr', readText);
}

export function readLogFlags(
  flags: Flags,
  level: LogLevel,
  file: string | undefined,
): { level: LogLevel; file: string | undefined } {
  const { logLevel, logFile, verbose } = flags;
  const given = logLevels.find((known) => known === logLevel);
  return {
    level: given ?? (verbose === true ? 'debug' : level),
    file: typeof logFile === 'string' ? logFile : file,
  };
}

const lineShape = z.looseObject({
  level: z.string(),
  time: z.string(),
  msg: z.string(),
  error: z.looseObject({ message: z.string() }).optional(),
});

/** `12:00:03 warn  the part lost its footing  part=replicate.shop  SERVER_ERROR: ...` */
export function describeLine(line: string): string {
  const { level, time, msg, error, pid: _pid, ...fields } = lineShape.parse(JSON.parse(line));
  const facts = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const parts = [`${time.slice(11, 19)} ${level.padEnd(5)} ${msg}`, ...facts, error?.message ?? ''];
  return parts.filter((part) => part !== '').join('  ');
}
