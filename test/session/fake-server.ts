import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { portOf } from '../kit/index.ts';

/** What a server says to the n-th message of a client, the startup message being number 0. Hangs up after
 * a `Farewell`. */
export type Script = (ordinal: number) => Buffer | Farewell;

/** The last thing a server says. */
export interface Farewell {
  readonly lastWords: Buffer;
}

export const hangUp: Farewell = { lastWords: Buffer.alloc(0) };

/** Speaks whatever the script says. Understands the bounds of what clients send, nothing else. */
export class FakeServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  script: Script = () => hangUp;

  static async start(): Promise<FakeServer> {
    const server = createServer();
    const fake = new FakeServer(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return fake;
  }

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  get url(): string {
    return `postgres://u@127.0.0.1:${portOf(this.#server)}/d?sslmode=disable&connect_timeout=10`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let unread: Buffer = Buffer.alloc(0);
    let ordinal = 0;
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      for (;;) {
        const length = ordinal === 0 ? lengthAt(unread, 0) : 1 + lengthAt(unread, 1);
        if (!(unread.length >= length)) return;
        this.#answer(socket, this.script(ordinal++));
        unread = unread.subarray(length);
      }
    });
  }

  #answer(socket: Socket, answer: Buffer | Farewell): void {
    if (Buffer.isBuffer(answer)) socket.write(answer);
    else socket.end(answer.lastWords);
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return bytes.length >= at + 4 ? bytes.readInt32BE(at) : Number.NaN;
}

export function message(tag: string, body: Buffer | string = ''): Buffer {
  const content = Buffer.from(body);
  const header = Buffer.alloc(5);
  header.write(tag);
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

/** From AuthenticationOk to ReadyForQuery. */
export const greeting = Buffer.concat([
  message('R', '\0\0\0\0'),
  message('S', 'server_version\x0017.4\0'),
  message('K', '\0\0\0\x01\0\0\0\x02'),
  message('Z', 'I'),
]);

/** A statement without rows. */
export const done = Buffer.concat([message('C', 'SELECT 0\0'), message('Z', 'I')]);

/** One row of one column. */
export const oneRow = Buffer.concat([
  message(
    'T',
    `\0\x01x\0${'\0'.repeat(6)}\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0`.replaceAll('\xff', '\0'),
  ),
  message('D', '\0\x01\0\0\0\x01a'),
  message('C', 'SELECT 1\0'),
  message('Z', 'I'),
]);
