import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  Authenticator,
  BackendTag,
  decodeAuthentication,
  decodeErrorFields,
  EncryptionAnswer,
  FrameScanner,
  MessageWriter,
  ProtocolVersion,
  type AuthenticatorOptions,
} from '../../src/wire/index.ts';
import { ServerError } from '../../src/errors/index.ts';

export interface Frame {
  readonly tag: number;
  readonly body: Buffer;
}

export interface LoginOptions extends Partial<
  Pick<AuthenticatorOptions, 'password' | 'secret' | 'channelBinding' | 'allowedMethods'>
> {
  readonly user?: string;
  readonly database?: string;
  readonly version?: number;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly isTls?: boolean;
}

/** A connection made of nothing but the wire room and a socket, so that a server can judge its messages. */
export class RawConnection implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #frames: AsyncGenerator<Frame, void>;
  readonly writer = new MessageWriter();
  /** What came between the startup message and the first ReadyForQuery. */
  readonly greeting: Frame[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#frames = readFrames(socket);
  }

  static async open(port: number, options: LoginOptions = {}): Promise<RawConnection> {
    const plain = connect({ port, host: '127.0.0.1' });
    await once(plain, 'connect');
    const { socket, certificate } =
      options.isTls === true ? await startTls(plain) : { socket: plain, certificate: null };
    const connection = new RawConnection(socket);
    try {
      await connection.#login(options, certificate);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return connection;
  }

  /** A connection that carries one message and nothing back. */
  static async sendOnce(port: number, bytes: Buffer): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.end(bytes);
    socket.resume();
    await once(socket, 'close');
  }

  /** Sends what the writer holds. */
  send(): void {
    this.#socket.write(this.writer.take());
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async next(): Promise<Frame> {
    const next = await this.#frames.next();
    if (next.value === undefined) throw new Error('the server closed the connection');
    return next.value;
  }

  /** Every message up to the first with this tag, which is the last. @throws ServerError */
  async until(tag: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      frames.push(frame);
      if (frame.tag === tag) return frames;
      if (frame.tag === BackendTag.errorResponse) throw errorOf(frame);
    }
  }

  /** A simple query, its messages up to ReadyForQuery. */
  async query(text: string): Promise<Frame[]> {
    this.writer.query(text);
    this.send();
    return this.until(BackendTag.readyForQuery);
  }

  /** COPY ... FROM STDIN of CopyData messages. */
  async copyIn(statement: string, data: Buffer): Promise<void> {
    this.writer.query(statement);
    this.send();
    await this.until(BackendTag.copyInResponse);
    this.sendBytes(data);
    this.writer.copyDone();
    this.send();
    await this.until(BackendTag.readyForQuery);
  }

  /** Says good-bye, and closes without reading what is still to come. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.write(this.writer.terminate().take());
    const closed = this.#socket.closed ? null : once(this.#socket, 'close');
    this.#socket.destroySoon();
    await closed;
  }

  async #login(options: LoginOptions, certificate: Buffer | null): Promise<void> {
    const { user = 'postgres', database = 'postgres', version = ProtocolVersion.v3_0 } = options;
    this.writer.startup(version, { user, database, ...options.parameters });
    this.send();
    const authenticator = new Authenticator({
      user,
      password: options.password,
      secret: options.secret,
      channelBinding: options.channelBinding ?? 'prefer',
      isTls: options.isTls === true,
      serverCertificate: certificate,
      ...(options.allowedMethods ? { allowedMethods: options.allowedMethods } : {}),
    });
    while (!authenticator.isDone) {
      const frame = await this.next();
      if (frame.tag === BackendTag.errorResponse) throw errorOf(frame);
      if (frame.tag !== BackendTag.authentication) {
        this.greeting.push(frame);
        continue;
      }
      const { body } = frame;
      const answer = await authenticator.answer(decodeAuthentication(body, 0, body.length));
      if (answer) this.sendBytes(answer);
    }
    this.greeting.push(...(await this.until(BackendTag.readyForQuery)));
  }
}

async function* readFrames(socket: Socket): AsyncGenerator<Frame, void> {
  const scanner = new FrameScanner();
  for await (const chunk of socket) {
    const frames: Frame[] = [];
    scanner.push(chunk, (tag, bytes, start, end) => {
      frames.push({ tag, body: bytes.subarray(start, end) });
    });
    yield* frames;
  }
}

async function startTls(plain: Socket): Promise<{ socket: Socket; certificate: Buffer }> {
  plain.write(new MessageWriter().sslRequest().take());
  const [answer]: Buffer[] = await once(plain, 'data');
  plain.pause();
  if (answer?.[0] !== EncryptionAnswer.accepted) throw new Error('the server refuses TLS');
  // The test server signs its own certificate; who it is does not matter here.
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return { socket, certificate: socket.getPeerCertificate().raw };
}

function errorOf({ body }: Frame): ServerError {
  return new ServerError(decodeErrorFields(body, 0, body.length));
}
