import { destination, pino, type Logger } from 'pino';
import { decisionOf } from './decision.ts';
import { recordError, redactText } from './redact.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Facts beside the message. `error` is written as codes (`recordError`); strings lose their secrets. */
export interface LogFields {
  readonly error?: unknown;
  readonly [name: string]: unknown;
}

/** Messages are constant sentences; what varies is in the fields. Never row values (P12). */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose every line also carries `fields`. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** A file to append to; default is stderr, so that stdout stays for what commands show. */
  readonly file?: string;
  /** Where lines go instead of a file, each with its newline: for tests and for programs with their own log. */
  readonly write?: (line: string) => void;
}

/** JSON lines, written synchronously: a process that is killed has said what it did before. */
export function createLog(options: LogOptions = {}): Log {
  const { write } = options;
  const sink = write
    ? { write }
    : destination({ dest: options.file ?? 2, append: true, mkdir: true, sync: true });
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return new PinoLog(logger);
}

/** Writes nothing: the default of a library's caller. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

class PinoLog implements Log {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(message: string, fields: LogFields = {}): void {
    if (this.#logger.isLevelEnabled('debug'))
      this.#logger.debug(clean(fields), redactText(message));
  }

  info(message: string, fields: LogFields = {}): void {
    this.#logger.info(clean(fields), redactText(message));
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#logger.warn(clean(fields), redactText(message));
  }

  error(message: string, fields: LogFields = {}): void {
    // What failed is in the codes; where in our code it did is for whoever looks for a fault of ours.
    const withStack = this.#logger.isLevelEnabled('debug') || decisionOf(fields.error) === 'bug';
    this.#logger.error(clean(fields, withStack), redactText(message));
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger.child(cleanObject(fields, false, 0)));
  }
}

/** Deep enough for what we log on purpose; what is deeper was not meant for the log. */
const DEEPEST = 4;
const secretName = /password|passwd|secret|token|credential|private_?key/i;

function clean(fields: LogFields, withStack = false): Record<string, unknown> {
  return cleanObject(fields, withStack, 0);
}

function cleanObject(fields: object, withStack: boolean, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      secretName.test(name) ? '***' : cleanValue(value, withStack, depth),
    ]),
  );
}

function cleanValue(value: unknown, withStack: boolean, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return recordError(value, withStack);
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '...';
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return cleanValue(value.toJSON(), withStack, depth + 1);
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown) => cleanValue(item, withStack, depth + 1));
  }
  return cleanObject(value, withStack, depth + 1);
}
