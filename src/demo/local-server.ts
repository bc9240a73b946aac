import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { SluiceError } from '../errors/index.ts';
import { findBinaries, type Major } from './local-server-binaries.ts';
import { giveToOwner, makeServerFolder, serverOwner } from './local-server-owner.ts';
import { findFreePort } from './local-server-port.ts';
import { copyDataDir, initDataDir } from './local-server-template.ts';
import { startWatchdog, type Watchdog } from './local-server-watchdog.ts';

export interface LocalServerOptions {
  readonly major: Major;
  /** `postgresql.conf` settings on top of ours (`wal_level = logical` and room for slots). */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Keep the data here: made when empty, started as it is when not, left alone by `remove`. */
  readonly dataDir?: string;
  /** Copy the data directory from a template kept in this folder instead of running initdb. */
  readonly templateDir?: string;
  /** Where its own folder is made; default the system's folder for temporary files. */
  readonly parentDir?: string;
  /** The password of `postgres`; without one every connection from this machine is trusted. */
  readonly password?: string;
  /** Of the server's processes, beside ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** False does not wait for the disk: a crash of the machine, not of the server, loses data. */
  readonly isDurable?: boolean;
}

export type StopMode = 'smart' | 'fast' | 'immediate';

/** Starts may include a crash recovery; nothing of ours takes longer than this on a slow disk. */
const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;

/**
 * Start a PostgreSQL of our own, on 127.0.0.1 and a Unix socket, from the embedded or an installed
 * binary. Runs as `nobody` when we are root. It ends, and its files go, with this process at the
 * latest, however that dies.
 *
 * @throws SluiceError DEMO_POSTGRES_MISSING, DEMO_INITDB_FAILED, DEMO_SERVER_NOT_STARTED
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const folder = await makeServerFolder(`pg${options.major}`, options.parentDir);
  const watchdog = startWatchdog(folder);
  try {
    const bin = await findBinaries(options.major, options.templateDir ?? folder);
    const dataDir = await prepareDataDir(bin, folder, options);
    const server = new LocalServer(bin, folder, dataDir, options, watchdog);
    await server.start();
    return server;
  } catch (error) {
    await watchdog.release();
    throw error;
  }
}

interface NotStarted {
  readonly reason: string;
  readonly mayRetry: boolean;
}

const passingObstacles =
  /could not create any TCP\/IP sockets|pre-existing shared memory block|lock file "postmaster.pid" already exists/;

/** A running local server. `stop` and `start` may alternate; the port stays the same. */
export class LocalServer {
  readonly host = '127.0.0.1';
  readonly major: Major;
  readonly user = 'postgres';
  readonly dataDir: string;
  /** Folder of the Unix socket, a `host` for connection strings too. */
  readonly socketDir: string;
  readonly logPath: string;
  /** Folder of the server's own programs; embedded ones hold only postgres, initdb and pg_ctl. */
  readonly bin: string;
  #port = 0;
  #process: ChildProcess | null = null;
  #wasKilled = false;
  readonly #options: LocalServerOptions;
  readonly #watchdog: Watchdog;

  constructor(
    bin: string,
    folder: string,
    dataDir: string,
    options: LocalServerOptions,
    watchdog: Watchdog,
  ) {
    this.bin = bin;
    this.dataDir = dataDir;
    this.socketDir = folder;
    this.logPath = join(folder, 'server.log');
    this.major = options.major;
    this.#options = options;
    this.#watchdog = watchdog;
  }

  get port(): number {
    return this.#port;
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  /** The postmaster's process id, null while stopped. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Connection string of a database, as the superuser. */
  url(database = 'postgres'): string {
    const { password } = this.#options;
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
    return `postgres://${this.user}${secret}@${this.host}:${this.#port}/${encodeURIComponent(database)}`;
  }

  /** Start again after `stop` or `kill`; does nothing while running. */
  async start(): Promise<void> {
    if (this.#process !== null) return;
    // The first start chooses a port; another process may take it between the look and the start. After
    // a kill, the old backends hold the data directory until they notice.
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
      const port = this.#port === 0 ? await findFreePort() : this.#port;
      const outcome = await this.#startOn(port);
      if (outcome === null) {
        this.#port = port;
        this.#wasKilled = false;
        return;
      }
      if (!outcome.mayRetry || Date.now() > deadline) throw await this.#notStarted(outcome.reason);
      await delay(20);
    }
  }

  /** Stop and keep the data: `fast` ends sessions cleanly, `immediate` is a crash with recovery. */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    await this.#end(({ smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const)[mode]);
  }

  /** SIGKILL the postmaster; its backends end when they notice. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    this.#wasKilled = true;
  }

  /** Stop, and remove everything but a `dataDir` that the caller chose. */
  async remove(): Promise<void> {
    await this.stop('immediate');
    if (this.#wasKilled) await removeSharedMemory(this.dataDir);
    await this.#watchdog.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /** Create a database and return its connection string. */
  async createDatabase(name: string, template = 'template1'): Promise<string> {
    const client = new Client({ connectionString: this.url() });
    await client.connect();
    try {
      const from = escapeIdentifier(template);
      await client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${from}`);
    } finally {
      await client.end();
    }
    return this.url(name);
  }

  async #startOn(port: number): Promise<NotStarted | null> {
    await rm(join(this.dataDir, 'postmaster.opts'), { force: true });
    const log = await open(this.logPath, 'a');
    const logStart = (await log.stat()).size;
    const child = spawn(join(this.bin, 'postgres'), this.#arguments(port), {
      ...serverOwner(),
      cwd: '/',
      detached: true, // Ctrl-C at the terminal is ours to handle, not the server's
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC', ...this.#options.env },
      stdio: ['ignore', log.fd, log.fd],
    });
    child.unref();
    try {
      await once(child, 'spawn'); // rejects with the child's error
    } finally {
      await log.close();
    }
    this.#watchdog.guard(child.pid ?? null);
    if (await this.#isReady(child)) {
      this.#process = child;
      child.once('exit', () => {
        if (this.#process === child) this.#process = null;
      });
      return null;
    }
    this.#watchdog.guard(null);
    const said = (await readFile(this.logPath)).subarray(logStart).toString();
    return {
      mayRetry: passingObstacles.test(said),
      reason: said.match(/\[\d+\] FATAL: {2}(.*)/)?.[1] ?? 'it was not ready in time',
    };
  }

  /** Line 8 of postmaster.pid says `ready` once connections are accepted. */
  async #isReady(child: ChildProcess): Promise<boolean> {
    const deadline = Date.now() + startTimeoutMs;
    while (child.exitCode === null && child.signalCode === null) {
      const lines = (await readIfThere(join(this.dataDir, 'postmaster.pid'))).split('\n');
      if (lines[0] === String(child.pid) && lines[7]?.trim() === 'ready') return true;
      if (Date.now() > deadline) {
        child.kill('SIGKILL');
        await ended(child);
        return false;
      }
      await delay(5);
    }
    return false;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    child.ref();
    child.kill(signal);
    const inTime = await Promise.race([
      ended(child).then(() => true),
      delay(stopTimeoutMs, false, { ref: false }),
    ]);
    if (!inTime) {
      const pid = child.pid ?? 0;
      const seconds = stopTimeoutMs / 1000;
      throw new SluiceError('DEMO_SERVER_NOT_STOPPED', { major: this.major, pid, seconds });
    }
    this.#process = null;
    this.#watchdog.guard(null);
  }

  #arguments(port: number): string[] {
    const settings = {
      ...baseSettings,
      ...(this.#options.isDurable === false ? hastySettings : {}),
      ...this.#options.settings,
      port,
      unix_socket_directories: this.socketDir,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return ['-D', this.dataDir, ...flags];
  }

  async #notStarted(reason: string): Promise<SluiceError> {
    const tail = (await readIfThere(this.logPath)).trimEnd().split('\n').slice(-15).join('\n');
    return new SluiceError(
      'DEMO_SERVER_NOT_STARTED',
      { major: this.major, dataDir: this.dataDir, reason },
      { cause: new Error(tail) },
    );
  }
}

const baseSettings = {
  listen_addresses: '127.0.0.1',
  wal_level: 'logical',
  max_connections: 200,
  max_replication_slots: 64,
  max_wal_senders: 64,
  // A subscriber of native replication needs workers: one to apply and one per table being copied.
  max_worker_processes: 32,
  max_logical_replication_workers: 24,
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%u@%d %a ',
  logging_collector: 'off',
  // In the data directory, not in /dev/shm: gone with it after a kill, and not cut to a container's 64 MB.
  dynamic_shared_memory_type: 'mmap',
};

/** For servers whose data nobody will miss: the disk is never waited for. */
const hastySettings = { fsync: 'off', full_page_writes: 'off' };

async function prepareDataDir(
  bin: string,
  folder: string,
  options: LocalServerOptions,
): Promise<string> {
  const { major, dataDir = join(folder, 'data'), templateDir, password = null } = options;
  const isKept = options.dataDir !== undefined && (await namesIn(dataDir)).includes('PG_VERSION');
  if (isKept) await giveToOwner(dataDir);
  else if (templateDir !== undefined && password === null)
    await copyDataDir(bin, major, dataDir, templateDir);
  else await initDataDir(bin, major, dataDir, password);
  return dataDir;
}

/** A killed postmaster leaves its System V segment, named by line 7 of postmaster.pid: key and id. */
async function removeSharedMemory(dataDir: string): Promise<void> {
  const line = (await readIfThere(join(dataDir, 'postmaster.pid'))).split('\n')[6] ?? '';
  const id = line.trim().split(/\s+/)[1];
  if (id === undefined) return;
  await new Promise((resolve) =>
    spawn('ipcrm', ['-m', id]).once('error', resolve).once('exit', resolve),
  );
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
