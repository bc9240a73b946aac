import { CommanderError } from 'commander';
import { recordError, toJson, type ErrorRecord } from '../service/index.ts';
import type { CommandIo } from './io.ts';

/** One clear line on stderr: code, what, remedy. Causes and call frames only when asked for. */
export function showError(
  error: unknown,
  io: CommandIo,
  options: { isVerbose: boolean; isJson: boolean; name?: string },
): void {
  // commander has said it itself, with the usage.
  if (error instanceof CommanderError) return;
  const record = recordError(error, options.isVerbose);
  if (options.isJson) io.stderr.write(`${toJson({ error: record })}\n`);
  else io.stderr.write(describe(record, options.isVerbose, options.name ?? 'sluice'));
}

function describe(record: ErrorRecord, isVerbose: boolean, name: string): string {
  if (record.errors !== undefined && record.errors.length > 0) {
    return record.errors.map((inner) => describe(inner, isVerbose, name)).join('');
  }
  const line = `${name}: ${named(record)}\n`;
  return isVerbose ? `${line}${describeDepth(record)}` : line;
}

/** Our own messages begin with their code; of the others the name is all there is to match. */
function named(record: ErrorRecord): string {
  if (record.remedy !== undefined || record.sqlstate !== undefined) return record.message;
  return `${record.code ?? record.name}: ${record.message}; --verbose shows where`;
}

function describeDepth(record: ErrorRecord): string {
  const frames = record.stack === undefined ? '' : `${record.stack}\n`;
  const cause = record.cause && `because ${named(record.cause)}\n${describeDepth(record.cause)}`;
  return `${frames}${cause ?? ''}`;
}
