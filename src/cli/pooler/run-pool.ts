import { chown } from 'node:fs/promises';
import {
  PoolService,
  type PoolerConfig,
  type Predecessor,
  type ProcessParts,
} from '../../pool/index.ts';
import { Metrics, StatusServer, type Log, type LogLevel } from '../../service/index.ts';
import type { CommandIo } from '../io.ts';
import { readVersion } from '../version.ts';
import { LogFile } from './log-file.ts';
import { PidFile } from '../process/pid-file.ts';
import { PoolLog, type LogSettings } from './pool-log.ts';
import { onPoolSignals } from './signals.ts';
import { becomeUser, findSystemUser, type SystemUser } from '../process/system-user.ts';

export interface PoolRun {
  readonly config: PoolerConfig;
  /** Reads the configuration again. @param conffile  the setting of that name */
  readonly load: (conffile: string) => Promise<PoolerConfig>;
  /** To become when the sockets are open; '' to stay who we are. */
  readonly user: string;
  readonly isQuiet: boolean;
  readonly verbose: number;
  /** What `[service]` of sluice.toml says of the log. */
  readonly logLevel?: LogLevel | undefined;
  readonly logFile?: string | undefined;
  readonly statusListen?: string | undefined;
  /** The process that this one takes over from. */
  readonly predecessor?: Predecessor | undefined;
  /** Clients are served from now on. */
  readonly onReady?: () => Promise<void>;
}

/** A pooler as this process, from its start to its end. */
export async function runPool(io: CommandIo, run: PoolRun): Promise<void> {
  const { settings } = run.config;
  LogFile.check(settings.logfile);
  const log = new PoolLog(
    io,
    logSettings(run, () => service.pooler?.config ?? run.config),
    {
      isQuiet: run.isQuiet,
      extraVerbose: run.verbose,
      ...(run.logLevel !== undefined && { level: run.logLevel }),
    },
  );
  const version = readVersion();
  const metrics = new Metrics();
  const { predecessor } = run;
  const pidFile = new PidFile(settings.pidfile);
  const page = new StatusPage(() => openPage(service, run.statusListen, { log, metrics }));
  const service: PoolService = new PoolService({
    load: loadOnceGiven(run, () => service),
    log,
    version,
    metrics,
    predecessor,
    parts: partsOf(pidFile, page),
  });
  const user = run.user === '' ? null : findSystemUser(run.user);
  if (predecessor === undefined) await pidFile.check(log);
  const forgetSignals = onPoolSignals(() => service.operations, {
    log,
    giveUp: () => void service.stop(),
  });
  try {
    service.start();
    await service.ready;
    await predecessor?.release();
    await pidFile.write(predecessor !== undefined);
    if (user !== null)
      await dropPrivileges(user, { service, pidFile, logfile: settings.logfile, log });
    await page.open();
    warnOfRoot(log);
    await service.takeOver();
    log.info('process up', { version });
    await run.onReady?.();
    await service.finished;
    log.info('process down');
  } finally {
    await page.close();
    await service.stop();
    await pidFile.remove(log);
    forgetSignals();
  }
}

/** What of this process another one takes over. */
function partsOf(pidFile: PidFile, page: StatusPage): ProcessParts {
  return {
    release: async () => {
      pidFile.leave();
      await page.close();
    },
    reclaim: async () => {
      await pidFile.write(true);
      await page.open();
    },
  };
}

/** The page of metrics, which may be closed and opened again. */
class StatusPage {
  readonly #make: () => StatusServer | undefined;
  #server: StatusServer | undefined;

  constructor(make: () => StatusServer | undefined) {
    this.#make = make;
  }

  async open(): Promise<void> {
    this.#server = this.#make();
    this.#server?.start();
    await this.#server?.ready;
  }

  async close(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }
}

/** The first load is what was read already. */
function loadOnceGiven(
  { config, load }: PoolRun,
  service: () => PoolService,
): () => Promise<PoolerConfig> {
  let isFirst = true;
  return async () => {
    if (isFirst) {
      isFirst = false;
      return config;
    }
    return load(service().pooler?.settings.conffile ?? config.file);
  };
}

/** The log's own object stays the same for as long as the configuration does. */
function logSettings({ logFile }: PoolRun, config: () => PoolerConfig): () => LogSettings {
  let inForce: PoolerConfig | undefined;
  let settings: LogSettings | undefined;
  return () => {
    const now = config();
    if (settings === undefined || now !== inForce) {
      inForce = now;
      settings = {
        logfile: now.settings.logfile || (logFile ?? ''),
        verbose: now.settings.verbose,
      };
    }
    return settings;
  };
}

async function dropPrivileges(
  user: SystemUser,
  owned: { service: PoolService; pidFile: PidFile; logfile: string; log: Log },
): Promise<void> {
  const { service, pidFile, logfile, log } = owned;
  await pidFile.giveTo(user);
  for (const path of [...service.ownPaths, ...(logfile === '' ? [] : [logfile])]) {
    await chown(path, user.uid, user.gid);
  }
  becomeUser(user);
  log.info('became another user', { user: user.name });
}

function warnOfRoot(log: Log): void {
  if (process.geteuid?.() !== 0) return;
  log.warn(
    'this runs as root: what is wrong with it would be root too; name another user (-u, user)',
  );
}

function openPage(
  service: PoolService,
  listen: string | undefined,
  { log, metrics }: { log: Log; metrics: Metrics },
): StatusServer | undefined {
  if (listen === undefined) return undefined;
  return new StatusServer({
    listen,
    metrics,
    status: () => service.status(),
    health: () => ({ isHealthy: service.operations !== null }),
    log,
  });
}
