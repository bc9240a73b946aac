import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished, TestRunner } from 'vitest';
import { findFreePort } from '../../src/demo/local-server-port.ts';
import { Direction, type Carriage } from './proxy-direction.ts';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly carriages: readonly Carriage[];
}

/**
 * A bad network between a client and a server: delays, throttles, cuts, halves, stalls and refuses,
 * each direction on its own. Stopped when the running test ends.
 *
 * @param port where it listens; default: any that is free
 */
export async function startProxy(
  target: { host?: string; port: number },
  port = 0,
): Promise<Proxy> {
  const proxy = new Proxy(target.host ?? '127.0.0.1', target.port, port);
  await proxy.accept();
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(() => proxy.stop());
  return proxy;
}

export class Proxy {
  readonly host = '127.0.0.1';
  /** What clients send. */
  readonly toServer = new Direction(() => this.cut());
  /** What the server sends. */
  readonly toClient = new Direction(() => this.cut());
  readonly #target: { host: string; port: number };
  readonly #links = new Set<Link>();
  #port: number;
  #listener: Server | null = null;

  constructor(host: string, port: number, ownPort = 0) {
    this.#target = { host, port };
    this.#port = ownPort;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that go through now. */
  get connections(): number {
    return this.#links.size;
  }

  /** A connection string that leads through here instead of straight to the server. */
  url(straight: string): string {
    const url = new URL(straight);
    url.hostname = this.host;
    url.port = String(this.#port);
    return url.href;
  }

  /** Let new connections in (again). */
  async accept(): Promise<void> {
    if (this.#listener !== null) return;
    if (this.#port === 0) this.#port = await findFreePort();
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#link(client),
    );
    listener.listen(this.#port, this.host);
    await once(listener, 'listening');
    this.#listener = listener;
  }

  /** New connections get ECONNREFUSED; those that are open stay. */
  refuse(): void {
    this.#listener?.close();
    this.#listener = null;
  }

  /** Reset every connection, on both sides, now. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#links.clear();
  }

  /**
   * Half-open: the server is gone, and clients are not told. What they send is swallowed, nothing comes
   * back. The server's side is reset.
   */
  loseServer(): void {
    this.#lose('server');
  }

  /** The other half: the clients are gone, and the server is not told. */
  loseClient(): void {
    this.#lose('client');
  }

  async stop(): Promise<void> {
    const closed = this.#listener === null ? null : once(this.#listener, 'close');
    this.refuse();
    this.cut();
    if (closed !== null) await closed;
  }

  #lose(gone: 'client' | 'server'): void {
    for (const link of this.#links) {
      for (const carriage of link.carriages) carriage.swallow();
      link[gone].removeAllListeners('error').on('error', () => undefined);
      link[gone].resetAndDestroy();
    }
  }

  #link(client: Socket): void {
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const carriages = [this.toServer.carry(client, server), this.toClient.carry(server, client)];
    const link = { client, server, carriages };
    this.#links.add(link);
    client.on('error', () => server.resetAndDestroy());
    server.on('error', () => client.resetAndDestroy());
    const forget = (): void => {
      if (client.destroyed && server.destroyed) this.#links.delete(link);
    };
    client.once('close', forget);
    server.once('close', forget);
  }
}
