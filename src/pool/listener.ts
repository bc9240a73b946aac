import { randomBytes } from 'node:crypto';
import { chmod, chown, link, unlink } from 'node:fs/promises';
import { createServer, connect, type ListenOptions, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { SluiceError } from '../errors/index.ts';
import type { PoolSettings } from './config/index.ts';
import { systemGroupId, type ClientAddress } from './auth/index.ts';
import { keepAlive } from './keepalive.ts';
import {
  Leg,
  listeningHandleOf,
  takeConnections,
  takeFromHandle,
  type LegOwner,
  type ListeningHandle,
} from './leg.ts';

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
export const nobody: LegOwner = {
  onBytes: () => undefined,
  onDrain: () => undefined,
  onClosed: () => undefined,
};

/** Where a TCP socket listens. */
export interface ListenPlace {
  readonly address: string;
  readonly family: string;
  readonly port: number;
}

/** A listening socket as another process of ours takes it over. */
export interface SharedSocket {
  /** As the configuration has it: `127.0.0.1:6432`, with port 0 where any was asked for, or a path. */
  readonly asked: string;
  /** Null: a Unix socket. */
  readonly place: ListenPlace | null;
  readonly handle: ListeningHandle;
}

/** One that is open here. */
interface OpenSocket {
  readonly asked: string;
  readonly place: ListenPlace | null;
  /** Null: Node does not give it away. */
  readonly handle: ListeningHandle | null;
  close(): Promise<void>;
}

/** The sockets that clients come to. */
export class Listener {
  readonly #settings: ListenSettings;
  readonly #take: (leg: Leg) => void;
  #sockets: OpenSocket[] = [];
  /** Of another process, as far as nobody has asked for them. */
  #offered: SharedSocket[] = [];
  #socketPath: string | null = null;
  /** Another process listens on the same sockets: files are not removed. */
  isShared = false;

  /** @param take  is given each new connection, and hands it to an owner at once */
  constructor(settings: ListenSettings, take: (leg: Leg) => void) {
    this.#settings = settings;
    this.#take = take;
  }

  /**
   * @param offered  sockets of another process: those that the configuration asks for are used, the others closed
   * @throws POOL_LISTEN, POOL_LISTEN_NOTHING
   */
  async open(offered: readonly SharedSocket[] = []): Promise<void> {
    this.#offered = [...offered];
    this.isShared = offered.length > 0;
    try {
      await this.#openAll();
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      for (const { handle } of this.#offered.splice(0)) handle.close();
    }
  }

  /** No new connections; those that are here stay. */
  async close(): Promise<void> {
    const path = this.isShared ? null : this.#socketPath;
    this.#socketPath = null;
    await closeAll(this.#sockets.splice(0));
    if (path !== null) await unlink(path).catch(() => undefined);
  }

  /** No new connections but over the Unix socket: an operator still reaches the console. */
  async closeTcp(): Promise<void> {
    const tcp = this.#sockets.filter(({ place }) => place !== null);
    this.#sockets = this.#sockets.filter(({ place }) => place === null);
    await closeAll(tcp);
  }

  /** What another process may listen on, too. @returns null: this Node does not give them away */
  share(): SharedSocket[] | null {
    const shared: SharedSocket[] = [];
    for (const { asked, place, handle } of this.#sockets) {
      if (handle === null) return null;
      shared.push({ asked, place, handle });
    }
    return shared;
  }

  /** Another process has these now: they are closed here, and go on there. */
  async leave(taken: readonly string[]): Promise<void> {
    this.isShared = this.#socketPath !== null && taken.includes(this.#socketPath);
    await this.close();
  }

  /** What it listens on, as the configuration has it. */
  get asked(): string[] {
    return this.#sockets.map(({ asked }) => asked);
  }

  /** Where it listens: `127.0.0.1:6432`, `/tmp/.s.PGSQL.6432`. */
  get addresses(): string[] {
    return this.#sockets.map(({ asked, place }) => {
      if (place === null) return asked;
      const { address, family, port } = place;
      return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
    });
  }

  /** The TCP port, also when 0 was asked for; null without TCP. */
  get port(): number | null {
    for (const { place } of this.#sockets) if (place !== null) return place.port;
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
    const asked = `${address}:${port}`;
    if (this.#takeOffered(asked)) return;
    const host = address === '*' ? '::' : address;
    const options = {
      port,
      backlog: this.#settings.listen_backlog,
      reusePort: this.#settings.so_reuseport,
    };
    try {
      await this.#listen({ ...options, host }, asked);
    } catch (error) {
      // A machine without IPv6.
      if (address !== '*' || codeOf(error) !== 'EAFNOSUPPORT') throw asListenError(error, asked);
      await this.#listen({ ...options, host: '0.0.0.0' }, asked);
    }
  }

  async #openUnix(path: string): Promise<void> {
    if (!this.#takeOffered(path)) await this.#listenUnix(path);
    this.#socketPath = path;
  }

  /**
   * Under a name of its own first: when the socket is closed Node removes the file by the name it was made by,
   * and that must not be the one by which another process has taken it over.
   */
  async #listenUnix(path: string): Promise<void> {
    const draft = join(dirname(path), `.s.${randomBytes(3).toString('hex')}`);
    try {
      await this.#listen({ path: draft, backlog: this.#settings.listen_backlog }, path);
      await this.#dress(draft);
      await publish(draft, path);
    } catch (error) {
      throw asSocketError(error, path);
    } finally {
      await unlink(draft).catch(() => undefined);
    }
  }

  async #dress(path: string): Promise<void> {
    await chmod(path, this.#settings.unix_socket_mode);
    const { unix_socket_group: group } = this.#settings;
    if (group === '') return;
    const gid = await systemGroupId(group);
    if (gid === null) throw new Error(`no group ${group}`);
    await chown(path, process.getuid?.() ?? -1, gid);
  }

  /** @returns whether another process has offered it */
  #takeOffered(asked: string): boolean {
    const offered = this.#offered.find((one) => one.asked === asked);
    if (offered === undefined) return false;
    const { place, handle } = offered;
    this.#offered = this.#offered.filter((one) => one !== offered);
    this.#sockets.push({ asked, place, handle, close: () => closeHandle(handle) });
    takeFromHandle(handle, (socket) => this.#accept(socket, place === null));
    const error = handle.listen(this.#settings.listen_backlog);
    if (error !== 0) throw asListenError(new Error(getSystemErrorName(error)), asked);
    return true;
  }

  async #listen(options: ListenOptions, asked: string): Promise<void> {
    const server = createServer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(options, resolve);
    await promise;
    const bound = server.address();
    const place = typeof bound === 'object' ? bound : null;
    const handle = listeningHandleOf(server);
    this.#sockets.push({ asked, place, handle, close: () => closeServer(server) });
    takeConnections(server, (socket) => this.#accept(socket, place === null));
  }

  #accept(socket: Socket, isUnix: boolean): void {
    socket.setNoDelay(true);
    if (!isUnix) keepAlive(socket, this.#settings);
    const from = isUnix ? unix : tcpAddressOf(socket);
    // It has been reset already.
    if (from === null) socket.destroy();
    else this.#take(new Leg(socket, nobody, from));
  }
}

/** A second name for the socket, unless a process listens by that name. */
async function publish(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (await isAnswering(path)) {
      throw new Error('EADDRINUSE: a process listens there already', { cause: error });
    }
    // Left behind by a process that is gone.
    await unlink(path);
    await link(draft, path);
  }
}

const unix: ClientAddress = { kind: 'unix' };

function tcpAddressOf({ remoteAddress, remotePort }: Socket): ClientAddress | null {
  if (remoteAddress === undefined) return null;
  return { kind: 'tcp', ip: remoteAddress, port: remotePort ?? 0 };
}

async function closeAll(sockets: readonly OpenSocket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => socket.close()));
}

async function closeHandle(handle: ListeningHandle): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  handle.close(resolve);
  await promise;
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
  const isWrongAddress = ['EADDRNOTAVAIL', 'EAI_AGAIN', 'ENOTFOUND'].includes(
    String(codeOf(cause)),
  );
  const code = isWrongAddress ? 'POOL_LISTEN_ADDRESS' : 'POOL_LISTEN';
  return new SluiceError(code, { address, reason }, { cause });
}

function asSocketError(cause: unknown, path: string): SluiceError {
  if (codeOf(cause) === undefined) return asListenError(cause, path);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError('POOL_LISTEN_SOCKET', { path, reason }, { cause });
}

/** Whether a process listens on the Unix socket that is there. */
export async function isAnswering(path: string): Promise<boolean> {
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
