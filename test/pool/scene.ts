import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { onTestFinished } from 'vitest';
import {
  Consoles,
  Janitor,
  Listener,
  loadPgbouncerIni,
  Operations,
  Pooler,
  type Route,
} from '../../src/pool/index.ts';
import { createLog } from '../../src/service/index.ts';

/** What a pool is to be. Everything has a default under which any user logs in without a password. */
export interface SceneOptions {
  /** Lines of [databases] by name: `{ app: server.url('test_1') }` or `{ app: 'host=... port=...' }`. */
  readonly databases: Readonly<Record<string, string>>;
  /** Lines of [pgbouncer] beside the scene's own; a later one wins. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Lines of [users] by name. */
  readonly users?: Readonly<Record<string, string>>;
  /** Lines of [peers] by id. */
  readonly peers?: Readonly<Record<string, string>>;
  readonly route?: Route;
  /** The addresses of servers' names. */
  readonly lookUp?: (host: string) => Promise<readonly string[]>;
  /** The text of auth_file. Default: postgres, app, stats and outsider, without passwords. */
  readonly userlist?: string;
}

const defaultUserlist = '"postgres" ""\n"app" ""\n"stats" ""\n"outsider" ""\n';

/**
 * A pooler in this process, on a free port of 127.0.0.1, closed with the running test.
 *
 *     const pool = await startScene({ databases: { app: database.url }, settings: { pool_mode: 'transaction' } });
 *     const client = await pool.client('app');
 */
export async function startScene(options: SceneOptions): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-pool-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const scene = new Scene(folder);
  onTestFinished(() => scene.close());
  await scene.open(options);
  return scene;
}

/** See `startScene`. */
export class Scene {
  /** Empty but for the ini and the users' file; a place for sockets and certificates. */
  readonly folder: string;
  readonly file: string;
  /** What was logged, as JSON lines. */
  readonly logged: string[] = [];
  pooler!: Pooler;
  listener!: Listener;
  janitor!: Janitor;
  operations!: Operations;
  consoles!: Consoles;
  readonly #clients: Client[] = [];
  #options!: SceneOptions;
  readonly #shutdown = Promise.withResolvers<void>();
  /** Resolves when a SHUTDOWN is through. */
  readonly shutDown = this.#shutdown.promise;

  constructor(folder: string) {
    this.folder = folder;
    this.file = join(folder, 'pgbouncer.ini');
  }

  get port(): number {
    const { port } = this.listener;
    if (port === null) throw new Error('the scene has no TCP port');
    return port;
  }

  async open(options: SceneOptions): Promise<void> {
    await this.configure(options);
    const config = await loadPgbouncerIni(this.file);
    const log = createLog({ level: 'debug', write: (line) => this.logged.push(line) });
    this.pooler = await Pooler.make({
      config,
      log,
      route: options.route,
      lookUp: options.lookUp,
      console: (_pooler, login) => this.consoles.open(login),
    });
    this.listener = new Listener(config.settings, (leg) => this.pooler.take(leg));
    this.operations = new Operations(this.pooler, {
      listener: this.listener,
      load: () => loadPgbouncerIni(this.file),
      onShutdown: () => this.#shutdown.resolve(),
    });
    this.consoles = new Consoles(this.operations, '0.0.0');
    await this.listener.open();
    this.janitor = new Janitor(this.pooler);
    this.janitor.start();
  }

  /** Writes the files as they are to be at the next RELOAD; what is not given stays. */
  async configure(changes: Partial<SceneOptions>): Promise<void> {
    this.#options = { ...this.#options, ...changes };
    await Promise.all([
      writeFile(join(this.folder, 'userlist.txt'), this.#options.userlist ?? defaultUserlist),
      writeFile(this.file, iniOf(this.#options, this.folder)),
    ]);
  }

  url(database: string, user = 'postgres'): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** A connected client, closed with the scene. */
  async client(database: string, config: ClientConfig = {}): Promise<Client> {
    const client = new Client({
      host: '127.0.0.1',
      port: this.port,
      user: 'postgres',
      database,
      ...config,
    });
    // A connection that the pool ends is the test's to notice, by its next query.
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  /** A client of the console, closed with the scene. */
  console(user = 'postgres'): Promise<Client> {
    return this.client('pgbouncer', { user });
  }

  async close(): Promise<void> {
    this.janitor?.stop();
    await Promise.all(this.#clients.splice(0).map((client) => client.end()));
    const closing = this.listener?.close();
    this.consoles.close();
    for (const handshake of this.pooler.handshakes) handshake.leg.destroy();
    for (const client of this.pooler.clients) client.leg.destroy();
    for (const pipe of this.pooler.pipes) pipe.destroy();
    for (const pool of this.pooler.pools) {
      for (const server of pool.servers) server.close('the test is over');
    }
    await this.pooler.authQueries.close(true);
    await closing;
  }
}

function iniOf(options: SceneOptions, folder: string): string {
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: 0,
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: join(folder, 'userlist.txt'),
    admin_users: 'postgres',
    stats_users: 'stats',
    ignore_startup_parameters: 'extra_float_digits',
    ...options.settings,
  };
  return [
    ...section('databases', mapValues(options.databases, connectString)),
    ...section('users', options.users ?? {}),
    ...section('peers', options.peers ?? {}),
    ...section('pgbouncer', settings),
    '',
  ].join('\n');
}

function section(name: string, entries: Readonly<Record<string, string | number>>): string[] {
  return [`[${name}]`, ...Object.entries(entries).map(([key, value]) => `${key} = ${value}`)];
}

/** `postgres://user@host:port/name` as the words of a database line; other text as it is. */
function connectString(text: string): string {
  if (!text.startsWith('postgres')) return text;
  const url = new URL(text);
  return `host=${url.hostname} port=${url.port} dbname=${url.pathname.slice(1)}`;
}

function mapValues(
  entries: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([key, text]) => [key, change(text)]));
}
