import { chmod, chown, unlink } from 'node:fs/promises';
import { createServer, connect, type ListenOptions, type Server, type Socket } from 'node:net';
import { SluiceError } from '../errors/index.ts';
import type { PoolSettings } from './config/index.ts';
import { systemGroupId, type ClientAddress } from './auth/index.ts';
import { keepAlive } from './keepalive.ts';
import { Leg, takeConnections, type LegOwner } from './leg.ts';

/** What of the settings matters to where clients come in. */
export type ListenSettings = Pick<
  PoolSettings,
  | 'listen_addr'
  | 'listen_backlog'
  | 'listen_port'
  | 'so_reuseport'
  | 'tcp_keepalive'
  | 'tcp_keepcnt'
  | 'tcp_keepidle'
  | 'tcp_keepintvl'
  | 'unix_socket_dir'
  | 'unix_socket_group'
  | 'unix_socket_mode'
>;

/** A connection that nobody owns yet. */
const nobody: LegOwner = {
  onBytes: () => undefined,
  onDrain: () => undefined,
  onClosed: () => undefined,
};

/** The sockets that clients come to. */
export class Listener {
  readonly #settings: ListenSettings;
  readonly #take: (leg: Leg) => void;
  readonly #servers: { readonly server: Server; readonly address: string }[] = [];
  #socketPath: string | null = null;

  /** @param take  is given each new connection, and hands it to an owner at once */
  constructor(settings: ListenSettings, take: (leg: Leg) => void) {
    this.#settings = settings;
    this.#take = take;
  }

  /** @throws POOL_LISTEN, POOL_LISTEN_NOTHING */
  async open(): Promise<void> {
    try {
      await this.#openAll();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** No new connections; those that are here stay. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(({ server }) => closeServer(server)));
    if (this.#socketPath !== null) await unlink(this.#socketPath).catch(() => undefined);
    this.#socketPath = null;
  }

  /** No new connections but over the Unix socket: an operator still reaches the console. */
  async closeTcp(): Promise<void> {
    const tcp = this.#servers.filter(({ server }) => typeof server.address() === 'object');
    for (const one of tcp) this.#servers.splice(this.#servers.indexOf(one), 1);
    await Promise.all(tcp.map(({ server }) => closeServer(server)));
  }

  /** Where it listens: `127.0.0.1:6432`, `/tmp/.s.PGSQL.6432`. */
  get addresses(): string[] {
    return this.#servers.map(({ server, address }) => {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') return address;
      return bound.family === 'IPv6'
        ? `[${bound.address}]:${bound.port}`
        : `${bound.address}:${bound.port}`;
    });
  }

  /** The TCP port, also when 0 was asked for; null without TCP. */
  get port(): number | null {
    for (const { server } of this.#servers) {
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') return bound.port;
    }
    return null;
  }

  async #openAll(): Promise<void> {
    const { listen_addr: addresses, unix_socket_dir: folder } = this.#settings;
    let port = this.#settings.listen_port;
    for (const address of addresses) {
      await this.#openTcp(address, port);
      port = this.port ?? port;
    }
    if (folder !== '') await this.#openUnix(`${folder}/.s.PGSQL.${port}`);
  }

  async #openTcp(address: string, port: number): Promise<void> {
    const host = address === '*' ? '::' : address;
    const options = {
      port,
      backlog: this.#settings.listen_backlog,
      reusePort: this.#settings.so_reuseport,
    };
    try {
      await this.#listen({ ...options, host }, `${address}:${port}`);
    } catch (error) {
      // A machine without IPv6.
      if (address !== '*' || codeOf(error) !== 'EAFNOSUPPORT')
        throw asListenError(error, `${address}:${port}`);
      await this.#listen({ ...options, host: '0.0.0.0' }, `${address}:${port}`);
    }
  }

  async #openUnix(path: string): Promise<void> {
    try {
      await this.#listen({ path, backlog: this.#settings.listen_backlog }, path);
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || (await isAnswering(path))) {
        throw asListenError(error, path);
      }
      // Left behind by a process that is gone.
      await unlink(path);
      await this.#listen({ path, backlog: this.#settings.listen_backlog }, path);
    }
    this.#socketPath = path;
    await chmod(path, this.#settings.unix_socket_mode);
    const { unix_socket_group: group } = this.#settings;
    if (group !== '') await this.#giveToGroup(path, group);
  }

  async #giveToGroup(path: string, group: string): Promise<void> {
    const gid = await systemGroupId(group);
    if (gid === null) throw asListenError(new Error(`no group ${group}`), path);
    await chown(path, process.getuid?.() ?? -1, gid);
  }

  async #listen(options: ListenOptions, address: string): Promise<void> {
    const server = createServer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(options, resolve);
    await promise;
    this.#servers.push({ server, address });
    takeConnections(server, (socket) => {
      socket.setNoDelay(true);
      if (!('path' in options)) keepAlive(socket, this.#settings);
      const from = 'path' in options ? unix : tcpAddressOf(socket);
      // It has been reset already.
      if (from === null) socket.destroy();
      else this.#take(new Leg(socket, nobody, from));
    });
  }
}

const unix: ClientAddress = { kind: 'unix' };

function tcpAddressOf({ remoteAddress, remotePort }: Socket): ClientAddress | null {
  if (remoteAddress === undefined) return null;
  return { kind: 'tcp', ip: remoteAddress, port: remotePort ?? 0 };
}

async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function asListenError(cause: unknown, address: string): SluiceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError('POOL_LISTEN', { address, reason }, { cause });
}

/** Whether a process listens on the Unix socket that is there. */
async function isAnswering(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
