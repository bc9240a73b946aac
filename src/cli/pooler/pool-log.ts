import { createLog, type Log, type LogFields, type LogLevel } from '../../service/index.ts';
import type { PoolSettings } from '../../pool/index.ts';
import type { CommandIo } from '../io.ts';
import { LogFile } from './log-file.ts';
import { describeLine } from '../logging.ts';

/** What says where the log goes. A new object each time the configuration changed. */
export type LogSettings = Pick<PoolSettings, 'logfile' | 'verbose'>;

/**
 * The log of a pooler that runs as a process: to stderr and to `logfile`, as the settings in force say.
 *
 * RELOAD and SET make new settings: then the file is opened again, which is what rotation needs.
 */
export class PoolLog implements Log {
  readonly #io: CommandIo;
  readonly #settings: () => LogSettings;
  readonly #options: PoolLogOptions;
  #inForce: LogSettings | undefined;
  #log: Log | undefined;
  #file: LogFile | undefined;

  constructor(io: CommandIo, settings: () => LogSettings, options: PoolLogOptions) {
    this.#io = io;
    this.#settings = settings;
    this.#options = options;
  }

  debug(message: string, fields?: LogFields): void {
    this.#current.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#current.info(message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#current.warn(message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#current.error(message, fields);
  }

  child(fields: LogFields): Log {
    return this.#current.child(fields);
  }

  get #current(): Log {
    const settings = this.#settings();
    if (this.#log === undefined || settings !== this.#inForce) {
      this.#inForce = settings;
      this.#log = this.#open(settings);
    }
    return this.#log;
  }

  #open({ logfile, verbose }: LogSettings): Log {
    this.#file?.close();
    this.#file = undefined;
    const { isQuiet, extraVerbose } = this.#options;
    const level: LogLevel = verbose + extraVerbose > 0 ? 'debug' : (this.#options.level ?? 'info');
    const toStderr = createLog({ level, write: (line) => this.#show(line) });
    if (logfile === '') return isQuiet ? createLog({ level: 'silent' }) : toStderr;
    const file = new LogFile(logfile, (line) => this.#show(line));
    this.#file = file;
    const toFile = createLog({ level, write: (line) => file.write(line) });
    return isQuiet ? toFile : both(toFile, toStderr);
  }

  /** A person gets short lines, what collects logs gets JSON. */
  #show(line: string): void {
    const { stderr } = this.#io;
    stderr.write(stderr.isTTY === true ? `${describeLine(line)}\n` : line);
  }
}

export interface PoolLogOptions {
  /** `-q`: nothing to stderr. */
  readonly isQuiet: boolean;
  /** How often `-v` was given. */
  readonly extraVerbose: number;
  /** Without `verbose`. Default `info`. */
  readonly level?: LogLevel;
}

function both(one: Log, other: Log): Log {
  return {
    debug: (message, fields) => [one, other].forEach((log) => log.debug(message, fields)),
    info: (message, fields) => [one, other].forEach((log) => log.info(message, fields)),
    warn: (message, fields) => [one, other].forEach((log) => log.warn(message, fields)),
    error: (message, fields) => [one, other].forEach((log) => log.error(message, fields)),
    child: (fields) => both(one.child(fields), other.child(fields)),
  };
}
