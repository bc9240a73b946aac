import { CommanderError } from 'commander';
import { isSluiceError, type ErrorCode } from '../errors/index.ts';
import type { Finding } from '../service/index.ts';

/** 0 done, 1 failed, 2 wrong usage, 3 stopped by a promise. */
export const exitCodes = { done: 0, failed: 1, usage: 2, promise: 3 } as const;

const usageErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CATALOG_PATTERN',
  'COMMAND_LOG_FILE',
  'COMMAND_NO_PIPELINE',
  'COMMAND_NOTHING_CONFIGURED',
  'COMMAND_OUTPUT',
  'COMMAND_USAGE',
  'CONFIG_DATABASE',
  'CONFIG_INVALID',
  'CONFIG_NOT_FOUND',
  'JOBS_INI',
  'JOBS_NOT_CONFIGURED',
  'JOBS_QUERY',
  'JOBS_UNKNOWN',
  'POOL_CONFIG',
  'POOL_NOT_CONFIGURED',
  'SESSION_SERVICE_MISSING',
  'SESSION_STRING',
  'SESSION_UNKNOWN_KEYWORD',
  'SESSION_UNSUPPORTED',
  'SESSION_VALUE',
]);

/** What the start rules would stop with, seen by the check before them. */
const promiseFindings: ReadonlySet<string> = new Set([
  'CHECK_OTHER_SOURCE',
  'CHECK_SLOT_AHEAD',
  'CHECK_SLOT_LOST',
  'CHECK_SLOT_MISSING',
]);

/** Of a run that findings keep from starting. */
export function exitCodeOfFindings(blocking: readonly Finding[]): number {
  const isPromise = blocking.some((finding) => promiseFindings.has(finding.code));
  return isPromise ? exitCodes.promise : exitCodes.failed;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  // A promise that held weighs more than a connection that was lost beside it.
  if (error instanceof AggregateError) return Math.max(...error.errors.map(exitCodeOf));
  if (!isSluiceError(error)) return exitCodes.failed;
  if (usageErrors.has(error.code)) return exitCodes.usage;
  const isPromise = error.decision === 'stop' || error.decision === 'resync';
  return isPromise ? exitCodes.promise : exitCodes.failed;
}
