import { z } from 'zod';
import type { Part } from '../daemon/index.ts';
import { SluiceError } from '../errors/index.ts';
import { loadToolIni } from '../jobs/index.ts';
import { isRunning } from '../pool/index.ts';
import { ServerKeeper } from '../queue/index.ts';
import { parseDuration, type LogLevel } from '../service/index.ts';
import type { CommandIo } from './io.ts';
import { openLog } from './logging.ts';
import { PidFile } from './process/pid-file.ts';
import { runParts } from './run-parts.ts';

const ownLog = 'lines go to logfile or stderr, as JSON';

const keys = {
  base_connstr: 'text',
  check_period: 'seconds',
  connection_lifetime: { inert: 'a connection is made anew when it is lost' },
  database_list: 'list',
  initial_database: 'text',
  logfile: 'file',
  maint_period: 'seconds',
  pidfile: 'file',
  retry_period: 'seconds',
  stats_period: { inert: 'ticks are counted in the metric sluice_queue_ticked_batches_total' },
  syslog: { inert: ownLog },
  syslog_ident: { inert: ownLog },
  ticker_period: 'seconds',
} as const;

const seconds = z
  .string()
  .transform((text) => parseDuration(text) ?? 0)
  .optional();

const valuesShape = z.object({
  base_connstr: z.string().default(''),
  check_period: seconds,
  database_list: z.array(z.string()).default([]),
  initial_database: z.string().default('template1'),
  logfile: z.string().optional(),
  maint_period: seconds,
  pidfile: z.string().optional(),
  retry_period: seconds,
  ticker_period: seconds,
});

/** What a pgqd.ini says. */
export interface PgqdConfig extends z.output<typeof valuesShape> {
  readonly file: string;
  readonly warnings: readonly string[];
}

/** As in pgqd. */
const defaultCheckPeriodS = 60;

/** @throws JOBS_INI */
export async function loadPgqdIni(file: string): Promise<PgqdConfig> {
  const { values, warnings } = await loadToolIni(file, 'pgqd', keys);
  return { ...valuesShape.parse(values), file, warnings };
}

/** Ticker and maintenance as a pgqd.ini has them, until it is stopped. */
export async function runPgqd(
  io: CommandIo,
  config: PgqdConfig,
  options: {
    readonly level: LogLevel;
    readonly statusListen?: string | undefined;
    readonly onReady?: () => Promise<void>;
  },
): Promise<void> {
  const log = openLog(io, { level: options.level, file: config.logfile }, undefined);
  for (const warning of config.warnings) log.warn(warning);
  const pidFile = new PidFile(config.pidfile ?? '');
  await pidFile.check(log);
  await pidFile.write();
  try {
    await options.onReady?.();
    await runParts(io, {
      parts: [pgqdPart(config)],
      statusListen: options.statusListen,
      log,
      view: undefined,
      following: undefined,
      isBounded: false,
    });
  } finally {
    await pidFile.remove(log);
  }
}

/** The process that the pidfile names. @throws JOBS_NOT_RUNNING */
export async function findPgqd({ file, pidfile }: PgqdConfig, read: ReadText): Promise<number> {
  const pid = pidfile === undefined ? NaN : Number.parseInt(await read(pidfile), 10);
  if (isRunning(pid)) return pid;
  throw new SluiceError('JOBS_NOT_RUNNING', { file });
}

type ReadText = (file: string) => Promise<string>;

function pgqdPart(config: PgqdConfig): Part {
  return {
    name: 'queue',
    make: (deps) =>
      Promise.resolve(
        new ServerKeeper(
          {
            connectionOf: (database) => connectionTo(config.base_connstr, database),
            databases: config.database_list,
            initialDatabase: config.initial_database,
            checkPeriodMs: (config.check_period ?? defaultCheckPeriodS) * 1000,
            maintenancePeriodMs: toMs(config.maint_period),
            retryPeriodMs: toMs(config.retry_period),
            tickerPeriodMs: toMs(config.ticker_period),
          },
          deps,
        ),
      ),
  };
}

/** The last word for one thing counts. */
function connectionTo(base: string, database: string): string {
  return `${base} dbname='${database.replaceAll(/[\\']/g, '\\$&')}'`.trim();
}

function toMs(periodS: number | undefined): number | undefined {
  return periodS === undefined ? undefined : periodS * 1000;
}
