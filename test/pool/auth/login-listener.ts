import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { createSecureContext, TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  ClientLogin,
  peerUid,
  type AuthRules,
  type Credentials,
  type LoginFacts,
  type LoginStep,
  type UserLookup,
} from '../../../src/pool/auth/index.ts';
import {
  BackendWriter,
  FrameScanner,
  FrontendTag,
  readStartupPacket,
  type StartupPacket,
} from '../../../src/wire/index.ts';
import { portOf } from '../../kit/index.ts';

export interface ListenerOptions {
  readonly rules: AuthRules;
  readonly lookup: UserLookup;
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
}

/** A server that does nothing but log its clients in, and answers every query with no rows. */
export class LoginListener {
  readonly port: number;
  /** What each login that worked left behind, in their order. */
  readonly credentials: Credentials[] = [];
  /** Why others did not, for the log. */
  readonly reasons: string[] = [];
  readonly #options: ListenerOptions;

  private constructor(port: number, options: ListenerOptions) {
    this.port = port;
    this.#options = options;
  }

  /** Closed when the test ends. */
  static async open(options: ListenerOptions): Promise<LoginListener> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const listener = new LoginListener(portOf(server), options);
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      listener.#serve(socket).catch(() => socket.destroy());
    });
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return listener;
  }

  async #serve(plain: Socket): Promise<void> {
    const { tls } = this.#options;
    let packet = await readUntagged(plain);
    let socket = plain;
    while (packet.kind === 'ssl' || packet.kind === 'gss') {
      const accepts = packet.kind === 'ssl' && tls !== undefined;
      plain.write(accepts ? 'S' : 'N');
      if (accepts) socket = await secure(plain, tls);
      packet = await readUntagged(socket);
    }
    if (packet.kind !== 'startup') throw new Error(packet.kind);
    await this.#login(socket, packet.parameters);
  }

  async #login(socket: Socket, parameters: ReadonlyMap<string, string>): Promise<void> {
    const { rules, lookup } = this.#options;
    const login = new ClientLogin(this.#factsOf(socket, parameters), rules, lookup);
    const bodies = readMessages(socket);
    let step = await login.begin();
    while (step.kind === 'send') {
      socket.write(step.bytes);
      const next = await bodies.next();
      if (next.done === true) return;
      step = await login.answer(next.value.body);
    }
    socket.write(this.#ending(step));
    if (step.kind === 'refuse') socket.end();
    for await (const { tag } of bodies) {
      if (tag === FrontendTag.terminate) socket.end();
      if (tag !== FrontendTag.query) continue;
      socket.write(new BackendWriter().commandComplete('SELECT 0').readyForQuery('I').take());
    }
  }

  #factsOf(socket: Socket, parameters: ReadonlyMap<string, string>): LoginFacts {
    const user = parameters.get('user') ?? '';
    const { tls } = this.#options;
    const isTls = socket instanceof TLSSocket;
    return {
      user,
      database: parameters.get('database') ?? user,
      isAdmin: false,
      isTls,
      isReplication: false,
      address: { kind: 'tcp', ip: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
      clientCertificate: null,
      serverCertificate: isTls && tls ? new X509Certificate(tls.certificatePem).raw : null,
      peerUid: () => peerUid(socket),
    };
  }

  #ending(step: Exclude<LoginStep, { kind: 'send' }>): Buffer {
    const writer = new BackendWriter();
    if (step.kind === 'refuse') {
      this.reasons.push(step.reason);
      const { sqlstate, message } = step;
      return writer.error({ severity: 'FATAL', sqlstate, message }).take();
    }
    this.credentials.push(step.credentials);
    const ready = writer.authentication(0).readyForQuery('I').take();
    return Buffer.concat([step.bytes, ready]);
  }
}

/** One packet of length and content, as they come before the login. */
async function readUntagged(socket: Socket): Promise<StartupPacket> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < 4 || bytes.length < bytes.readInt32BE(0)) {
    const [chunk]: Buffer[] = await once(socket, 'data');
    bytes = Buffer.concat([bytes, chunk ?? Buffer.alloc(0)]);
  }
  socket.pause();
  return readStartupPacket(bytes, 4, bytes.length);
}

async function secure(
  plain: Socket,
  { certificatePem: cert, keyPem: key }: NonNullable<ListenerOptions['tls']>,
): Promise<Socket> {
  const context = createSecureContext({ cert, key });
  const socket = new TLSSocket(plain, { isServer: true, secureContext: context });
  await once(socket, 'secure');
  return socket;
}

interface Message {
  readonly tag: number;
  readonly body: Buffer;
}

async function* readMessages(socket: Socket): AsyncGenerator<Message, void> {
  const scanner = new FrameScanner();
  for await (const chunk of socket) {
    const messages: Message[] = [];
    scanner.push(chunk, (tag, bytes, start, end) => {
      messages.push({ tag, body: Buffer.from(bytes.subarray(start, end)) });
    });
    yield* messages;
  }
}
