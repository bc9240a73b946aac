import { randomInt, timingSafeEqual } from 'node:crypto';
import { MessageWriter } from '../wire/index.ts';
import type { PooledServer } from './contracts.ts';
import type { PoolerConfig } from './config/index.ts';
import type { Log } from '../service/index.ts';
import { Leg, legSocket, type LegOwner } from './leg.ts';

/**
 * A process that shares its port with others has its peer_id in the first number of every key it gives out,
 * so that a request that comes to another one finds its way:
 *
 *     peer_id (14 bits) | random (17 bits)
 */
const peerShift = 17;

/** A request that one of us has passed on carries a byte more, and is not passed on again. */
const passedOnMark = Buffer.of(1);

/** Which of a pooler's threads this is. */
export interface ThreadPlace {
  readonly index: number;
  readonly count: number;
  /** Hands a cancel request to the thread whose client it is for. */
  cancel(pid: number, key: Buffer): Promise<void>;
}

export const onlyThread: ThreadPlace = { index: 0, count: 1, cancel: () => Promise.resolve() };

/** A client whose requests can be cancelled. */
export interface CancellableClient {
  readonly cancelPid: number;
  readonly cancelKey: Buffer;
  readonly server: PooledServer | null;
  cancelWaiting(): void;
}

/** Cancel requests, from the keys of our clients to the backends that serve them just then. */
export class Cancels {
  readonly #pooler: { readonly config: PoolerConfig; readonly log: Log };
  readonly #clients = new Map<number, CancellableClient>();
  readonly #consoles = new Map<number, CancelableConsole>();
  readonly #underWay = new Set<CancelConnection>();
  readonly #thread: ThreadPlace;
  /** Another process of ours, which still has clients that it let in. */
  elsewhere: ((pid: number, key: Buffer) => Promise<void>) | null = null;

  constructor(
    pooler: { readonly config: PoolerConfig; readonly log: Log },
    thread: ThreadPlace = onlyThread,
  ) {
    this.#pooler = pooler;
    this.#thread = thread;
  }

  /** A number that no client has; which thread it is of can be told from it. */
  newPid(): number {
    const peer = this.#pooler.config.settings.peer_id;
    const { index, count } = this.#thread;
    for (;;) {
      const random = peer > 0 ? randomInt(1 << peerShift) : randomInt(1, 2 ** 31 - 1);
      const any = peer > 0 ? peer * 2 ** peerShift + random : random;
      const pid = any - (any % count) + index;
      const isOfPeer = peer === 0 || Math.floor(pid / 2 ** peerShift) === peer;
      const isFree = pid > 0 && !this.#clients.has(pid) && !this.#consoles.has(pid);
      if (isOfPeer && isFree) return pid;
    }
  }

  add(client: CancellableClient): void {
    this.#clients.set(client.cancelPid, client);
  }

  remove(client: CancellableClient): void {
    this.#clients.delete(client.cancelPid);
  }

  addConsole(console: CancelableConsole): void {
    this.#consoles.set(console.cancelPid, console);
  }

  removeConsole(console: CancelableConsole): void {
    this.#consoles.delete(console.cancelPid);
  }

  /** Requests on their way to a server. */
  get count(): number {
    return this.#underWay.size;
  }

  /** Requests on their way to another process: the connection is being made, or it has it and has not hung up. */
  toPeer(id: number): { opening: number; sent: number } {
    const all = [...this.#underWay].filter(({ peerId }) => peerId === id);
    const sent = all.filter(({ isSent }) => isSent).length;
    return { opening: all.length - sent, sent };
  }

  /** @param leg  what the request came on; it is closed when the request has arrived */
  request(leg: Leg, pid: number, key: Buffer): void {
    const { index, count } = this.#thread;
    const home = pid % count === index ? this : this.#thread;
    const done = home.cancel(pid, key);
    done.then(
      () => leg.end(),
      (error: unknown) => {
        this.#pooler.log.warn('a cancel request was lost', { error });
        leg.end();
      },
    );
  }

  /** Resolves when the request has arrived, or there is nothing to cancel. */
  async cancel(pid: number, key: Buffer): Promise<void> {
    const console = this.#consoles.get(pid);
    if (console !== undefined) {
      if (isKey(key, console.cancelKey)) console.cancel();
      return;
    }
    const client = this.#clients.get(pid);
    if (client === undefined) return this.#passOn(pid, key);
    if (!isKey(key, client.cancelKey)) {
      this.#pooler.log.warn('a cancel request with a wrong key');
      return;
    }
    const { server } = client;
    if (server === null) client.cancelWaiting();
    else if (server.expected.size > 0) await this.#forward(server);
  }

  /** The server serves nobody else before the request has arrived: it would hit the wrong query. */
  async #forward(server: PooledServer): Promise<void> {
    server.cancelsUnderWay++;
    const bytes = new MessageWriter().cancelRequest(server.key.pid, server.key.key).take();
    const remote = server.leg.socket;
    await this.#send({ remote, place: server.place, peerId: null }, bytes);
    server.cancelsUnderWay--;
    if (server.cancelsUnderWay === 0 && server.client === null && server.isFree) {
      server.pool.onServerFree(server);
    }
  }

  async #passOn(pid: number, key: Buffer): Promise<void> {
    const { config } = this.#pooler;
    const { settings } = config;
    const ofPeer = settings.peer_id === 0 ? 0 : Math.floor(pid / 2 ** peerShift);
    if (ofPeer === settings.peer_id) await this.elsewhere?.(pid, key);
    if (settings.peer_id === 0 || (key.length !== 4 && key.length !== 32)) return;
    const id = Math.floor(pid / 2 ** peerShift);
    const peer = config.peers.get(id);
    if (peer === undefined || id === settings.peer_id) return;
    const marked = Buffer.concat([key, passedOnMark]);
    const bytes = new MessageWriter().cancelRequest(pid, marked).take();
    await this.#send({ remote: null, place: peer, peerId: id }, bytes);
  }

  async #send(to: CancelTarget, bytes: Buffer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const connection = new CancelConnection(to, bytes, resolve);
    this.#underWay.add(connection);
    connection.begin(this.#pooler.config.settings.cancel_wait_timeout * 1000);
    await promise;
    this.#underWay.delete(connection);
  }
}

/** A console whose command can be given up. */
export interface CancelableConsole {
  readonly cancelPid: number;
  readonly cancelKey: Buffer;
  cancel(): void;
}

/** A key that another process has passed on to us is a byte longer. */
function isKey(key: Buffer, wanted: Buffer): boolean {
  return key.length >= wanted.length && timingSafeEqual(key.subarray(0, wanted.length), wanted);
}

interface CancelTarget {
  /** The socket of the connection whose backend is meant: the same address. */
  readonly remote: { readonly remoteAddress?: string | undefined } | null;
  readonly place: { readonly host: string; readonly port: number };
  /** Null: it is a server. */
  readonly peerId: number | null;
}

/** A connection for one cancel request. The server closes it when it has sent the signal. */
class CancelConnection implements LegOwner {
  readonly #to: CancelTarget;
  readonly #bytes: Buffer;
  readonly #after: () => void;
  #timer: NodeJS.Timeout | null = null;
  isSent = false;

  constructor(to: CancelTarget, bytes: Buffer, after: () => void) {
    this.#to = to;
    this.#bytes = bytes;
    this.#after = after;
  }

  get peerId(): number | null {
    return this.#to.peerId;
  }

  begin(timeoutMs: number): void {
    const { remote, place } = this.#to;
    const socket = legSocket();
    const leg = new Leg(socket, this);
    if (timeoutMs > 0) this.#timer = setTimeout(() => leg.destroy(), timeoutMs);
    const send = (): void => {
      leg.writeOwn(this.#bytes);
      this.isSent = true;
    };
    const address = remote?.remoteAddress ?? place.host;
    if (address === '' || address.startsWith('/')) {
      socket.connect({ path: `${place.host || '/tmp'}/.s.PGSQL.${place.port}` }, send);
    } else {
      socket.connect({ host: address, port: place.port }, send);
    }
  }

  onBytes(): void {
    // Nothing is ever answered.
  }

  onDrain(): void {
    // One small message.
  }

  onClosed(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#after();
  }
}
