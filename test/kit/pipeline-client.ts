import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { onTestFinished, TestRunner } from 'vitest';
import type { ServerMessageFields } from '../../src/errors/index.ts';
import {
  Authenticator,
  BackendTag,
  decodeAuthentication,
  decodeBackendKeyData,
  decodeErrorFields,
  FrameScanner,
  MessageWriter,
  ProtocolVersion,
  type BackendKeyData,
} from '../../src/wire/index.ts';
import { compactReply } from './compact-reply.ts';
import { within } from './wait.ts';

export interface PipelineOptions {
  readonly user?: string;
  readonly database?: string;
  /** Answers trust, md5 and SCRAM alike. */
  readonly password?: string;
  readonly version?: number;
  /** Startup parameters beside user and database: `options`, `_pq_.name`, ... */
  readonly parameters?: Readonly<Record<string, string>>;
  /** `request`: SSLRequest first; `direct`: TLS from the first byte, with ALPN. Default: none. */
  readonly tls?: 'request' | 'direct';
  /** How the login's bytes and everything later are cut into writes. Default: not at all. */
  readonly split?: Split;
}

/** Cuts bytes into the pieces that are written one by one. */
export type Split = (bytes: Buffer) => readonly Buffer[];

/** Messages to send: written by the writer, or bytes of any kind. */
export type Sent = ((writer: MessageWriter) => unknown) | Buffer;

/** How far to read: so many ReadyForQuery, a reply that begins so, or the end of the connection. */
export type Until = number | string;

/** What stands in a transcript for the end of the connection. */
export const ended = 'end';

/**
 * A client as drivers are inside: any sequence of messages in one write, cut at any byte, and the replies as
 * short text.
 *
 *     const client = await openPipeline(server.port, { database });
 *     await client.ask((w) => w.parse('', 'SELECT 1').bind('', '', []).execute('').sync());
 *     // ['1', '2', 'D:1', 'C:SELECT 1', 'Z:I']
 */
export async function openPipeline(
  port: number,
  options: PipelineOptions = {},
): Promise<PipelineClient> {
  const client = await PipelineClient.connect(port, options);
  await client.login();
  return client;
}

/** See `openPipeline`. */
export class PipelineClient {
  readonly socket: Socket;
  readonly port: number;
  /** What came between the startup message and the first ReadyForQuery, as compact text. */
  greeting: readonly string[] = [];
  /** Every error that came, in full. */
  readonly errors: ServerMessageFields[] = [];
  key: BackendKeyData = { pid: 0, key: Buffer.alloc(4) };
  readonly #options: PipelineOptions;
  readonly #scanner = new FrameScanner();
  readonly #certificate: Buffer | null;
  readonly #replies: string[] = [];
  readonly #authentications: Buffer[] = [];
  #wake: PromiseWithResolvers<void> | null = null;
  #isEnded = false;

  private constructor(socket: Socket, port: number, options: PipelineOptions) {
    this.socket = socket;
    this.port = port;
    this.#options = options;
    this.#certificate = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : null;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isEnded = true;
      this.#replies.push(ended);
      this.#tell();
    });
  }

  /** A connection on which nothing has been said yet. */
  static async connect(port: number, options: PipelineOptions = {}): Promise<PipelineClient> {
    const plain = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(plain, 'connect');
    const socket = options.tls === undefined ? plain : await encrypt(plain, options.tls);
    const client = new PipelineClient(socket, port, options);
    if (TestRunner.getCurrentTest() !== undefined) onTestFinished(() => client.vanish());
    return client;
  }

  /** The startup message and whatever the server wants answered. @returns the greeting */
  async login(): Promise<readonly string[]> {
    const { user = 'postgres', database = 'postgres', password } = this.#options;
    const { version = ProtocolVersion.v3_0, parameters = {} } = this.#options;
    await this.send((w) => w.startup(version, { user, database, ...parameters }));
    const authenticator = new Authenticator({
      user,
      password,
      channelBinding: 'prefer',
      isTls: this.#certificate !== null,
      serverCertificate: this.#certificate,
    });
    const came: string[] = [];
    while (!authenticator.isDone) {
      const reply = await this.next();
      came.push(reply);
      if (reply.startsWith('F:') || reply === ended) return (this.greeting = came);
      if (reply !== 'R') continue;
      const body = this.#authentications.shift()!;
      const answer = await authenticator.answer(decodeAuthentication(body, 0, body.length));
      if (answer !== null) await this.sendBytes(answer);
    }
    came.push(...(await this.until(1)));
    return (this.greeting = came);
  }

  /** Sends in one write (or as `split` has it), and reads on as far as `until` says. */
  async ask(sent: Sent, until: Until = 1): Promise<string[]> {
    await this.send(sent);
    return this.until(until);
  }

  async send(sent: Sent): Promise<void> {
    await this.sendBytes(bytesOf(sent));
  }

  async sendBytes(bytes: Buffer): Promise<void> {
    const pieces = this.#options.split?.(bytes) ?? [bytes];
    for (const piece of pieces) {
      if (this.#isEnded) return;
      this.socket.write(piece);
      // Whoever reads gets each piece by itself: it is in the same process, or quick enough.
      if (pieces.length > 1) await turn();
    }
  }

  /** The reply that comes next. */
  async next(): Promise<string> {
    while (this.#replies.length === 0) {
      this.#wake ??= Promise.withResolvers();
      await within('a reply', this.#wake.promise, 10_000);
    }
    return this.#replies.shift()!;
  }

  async until(until: Until): Promise<string[]> {
    const came: string[] = [];
    for (let ready = 0; ready !== until;) {
      const reply = await this.next().catch((error: unknown) => {
        throw new Error(`${String(until)} did not come behind: ${came.join(' ')}`, {
          cause: error,
        });
      });
      came.push(reply);
      if (reply === ended) return came;
      if (reply.startsWith('Z:')) ready++;
      if (typeof until === 'string' && reply.startsWith(until)) return came;
    }
    return came;
  }

  /** What has come and not been read yet. */
  get unread(): readonly string[] {
    return this.#replies;
  }

  get isOpen(): boolean {
    return !this.#isEnded;
  }

  /** A cancel request of its own, by this client's key. Resolves when the other side has hung up. */
  async cancel(options: Pick<PipelineOptions, 'tls'> = {}): Promise<void> {
    const plain = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    await once(plain, 'connect');
    const socket = options.tls === undefined ? plain : await encrypt(plain, options.tls);
    socket.on('error', () => undefined);
    socket.resume();
    const closed = once(socket, 'close');
    socket.write(new MessageWriter().cancelRequest(this.key.pid, this.key.key).take());
    await closed;
  }

  /** Good-bye, and the end of the connection. */
  async close(): Promise<void> {
    if (this.#isEnded) return;
    const closed = once(this.socket, 'close');
    this.socket.end(new MessageWriter().terminate().take());
    await closed;
  }

  /** Resets the connection without a word. */
  vanish(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  #receive(chunk: Buffer): void {
    this.#scanner.push(chunk, (tag, bytes, start, end) => {
      const body = Buffer.from(bytes.subarray(start, end));
      if (tag === BackendTag.authentication) this.#authentications.push(body);
      if (tag === BackendTag.backendKeyData) this.key = decodeBackendKeyData(body, 0, body.length);
      if (tag === BackendTag.errorResponse) {
        this.errors.push(decodeErrorFields(body, 0, body.length));
      }
      this.#replies.push(compactReply(tag, body));
    });
    this.#tell();
  }

  #tell(): void {
    this.#wake?.resolve();
    this.#wake = null;
  }
}

export function bytesOf(sent: Sent): Buffer {
  if (Buffer.isBuffer(sent)) return sent;
  const writer = new MessageWriter();
  sent(writer);
  return writer.take();
}

/** A tagged message of any kind, right or wrong. */
export function frame(tag: string, body: Buffer | string = ''): Buffer {
  const content = Buffer.from(body);
  const header = Buffer.alloc(5);
  header.write(tag, 'latin1');
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

export const byteByByte: Split = piecesOf(1);

/** Nothing larger is written at once. */
export function piecesOf(size: number): Split {
  return (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    return pieces;
  };
}

/** Cuts after these offsets; those beyond the end count for nothing. */
export function splitAt(...offsets: readonly number[]): Split {
  return (bytes) => {
    const cuts = [0, ...offsets.filter((at) => at > 0 && at < bytes.length), bytes.length];
    const sorted = [...new Set(cuts)].toSorted((a, b) => a - b);
    return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
  };
}

async function encrypt(plain: Socket, how: 'request' | 'direct'): Promise<TLSSocket> {
  if (how === 'request') {
    plain.write(new MessageWriter().sslRequest().take());
    const [answer]: Buffer[] = await once(plain, 'data');
    plain.pause();
    if (String(answer) !== 'S') throw new Error(`SSLRequest was answered with ${String(answer)}`);
  }
  const socket = connectTls({
    socket: plain,
    rejectUnauthorized: false, // a test's own certificate
    ...(how === 'direct' ? { ALPNProtocols: ['postgresql'] } : {}),
  });
  await once(socket, 'secureConnect');
  return socket;
}
