import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { expect, onTestFinished } from 'vitest';
import {
  openPipeline,
  runSluice,
  startSluice,
  temporaryFolder,
  waitFor,
  type Ended,
  type PipelineClient,
  type PipelineOptions,
  type SluiceProcess,
} from '../kit/index.ts';
import { writeIni, type Ini } from '../cli/pool-process.ts';

/** A pooler as a process that is restarted by `-R`, with a Unix socket, a pidfile and a log of its own. */
export class RestartingPool {
  readonly port: number;
  readonly folder: string;
  readonly file: string;
  readonly #ini: Ini;
  first!: SluiceProcess;

  private constructor(folder: string, port: number, ini: Ini, file: string) {
    this.folder = folder;
    this.port = port;
    this.#ini = ini;
    this.file = file;
  }

  static async start(ini: Ini, args: readonly string[] = []): Promise<RestartingPool> {
    const folder = temporaryFolder();
    const port = await freePort();
    const settings = {
      listen_port: port,
      unix_socket_dir: folder,
      pidfile: join(folder, 'pid'),
      logfile: join(folder, 'log'),
      ...ini.settings,
    };
    const whole = { ...ini, settings };
    const pool = new RestartingPool(folder, port, whole, await writeIni(folder, whole));
    pool.first = startSluice(['pool', 'run', pool.file, ...args]);
    await pool.first.says(/process up/);
    onTestFinished(() => pool.#endAll());
    return pool;
  }

  /** Writes the file as the next process is to find it. */
  async configure(changes: Partial<Ini>): Promise<void> {
    const settings = { ...this.#ini.settings, ...changes.settings };
    await writeIni(this.folder, { ...this.#ini, ...changes, settings });
  }

  /** `sluice pool run -R -d FILE`. */
  restart(args: readonly string[] = []): Promise<Ended> {
    return runSluice(['pool', 'run', '-R', '-d', this.file, ...args]);
  }

  /** The same, and the new process's number. */
  async restarted(): Promise<number> {
    const before = await this.pid();
    expect(await this.restart()).toMatchObject({ exitCode: 0, stderr: '' });
    const pid = await this.pid();
    expect(pid).not.toBe(before);
    return pid;
  }

  async pid(): Promise<number> {
    return Number(await readFile(join(this.folder, 'pid'), 'utf8'));
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'log'), 'utf8');
  }

  /** Every process that has written to the log. */
  async #pids(): Promise<Set<number>> {
    const log = await this.log();
    return new Set([...log.matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid)));
  }

  /** SIGQUIT, so that they put away what is theirs. */
  async #endAll(): Promise<void> {
    for (const pid of await this.#pids()) {
      if (isRunning(pid)) process.kill(pid, 'SIGQUIT');
      await this.ended(pid);
    }
  }

  /** Of a process that is gone: it was handed over to the last. */
  async ended(pid: number): Promise<void> {
    await waitFor(`process ${pid} to end`, () => !isRunning(pid), { timeoutMs: 60_000 });
  }

  async client(config: ClientConfig = {}): Promise<Client> {
    const given = { host: '127.0.0.1', port: this.port, user: 'postgres', database: 'app' };
    const client = new Client({ ...given, ...config });
    client.on('error', () => undefined);
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }

  pipeline(options: PipelineOptions = {}): Promise<PipelineClient> {
    return openPipeline(this.port, { database: 'app', ...options });
  }

  /** Rows of a SHOW. */
  show(what: string): Promise<Record<string, unknown>[]> {
    return this.console(`SHOW ${what}`);
  }

  /** A command, over the Unix socket of the process that listens now. */
  async console(command: string): Promise<Record<string, unknown>[]> {
    const client = new Client({
      host: this.folder,
      port: this.port,
      user: 'postgres',
      database: 'pgbouncer',
    });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(command)).rows;
    } finally {
      await client.end();
    }
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
