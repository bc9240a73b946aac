import { CommanderError } from 'commander';
import { isSluiceError, type ErrorCode } from '../errors/index.ts';

/** 0 done, 1 failed, 2 wrong usage, 3 stopped by a promise. */
export const exitCodes = { done: 0, failed: 1, usage: 2, promise: 3 } as const;

const usageErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'COMMAND_NO_PIPELINE',
  'COMMAND_NOTHING_CONFIGURED',
  'COMMAND_USAGE',
  'CONFIG_DATABASE',
  'CONFIG_INVALID',
  'CONFIG_NOT_FOUND',
]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  // A promise that held weighs more than a connection that was lost beside it.
  if (error instanceof AggregateError) return Math.max(...error.errors.map(exitCodeOf));
  if (!isSluiceError(error)) return exitCodes.failed;
  if (usageErrors.has(error.code)) return exitCodes.usage;
  return error.decision === 'stop' ? exitCodes.promise : exitCodes.failed;
}
