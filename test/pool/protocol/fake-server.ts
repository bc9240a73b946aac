import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { BackendWriter, int32At } from '../../../src/wire/index.ts';
import { portOf } from '../../kit/index.ts';

/** What it says to a message of the client's, by its tag; null: nothing. Startup and login are not asked. */
export type Answers = (tag: string, said: BackendWriter, socket: Socket) => void;

/** A server that logs everybody in and then says what the test wants. */
export async function startFakeServer(answers: Answers): Promise<FakeServer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fake = new FakeServer(server, answers);
  onTestFinished(() => fake.stop());
  return fake;
}

/** See `startFakeServer`. */
export class FakeServer {
  answers: Answers;
  /** Connections that are open. */
  readonly sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(server: Server, answers: Answers) {
    this.#server = server;
    this.answers = answers;
    server.on('connection', (socket) => this.#serve(socket));
  }

  get line(): string {
    return `host=127.0.0.1 port=${portOf(this.#server)} dbname=fake`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    let unread: Buffer = Buffer.alloc(0);
    let isLoggedIn = false;
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      if (!isLoggedIn) {
        if (unread.length < 8 || unread.length < int32At(unread, 0)) return;
        const code = int32At(unread, 4);
        unread = unread.subarray(int32At(unread, 0));
        if (code === sslRequest) {
          socket.write('N');
          return;
        }
        isLoggedIn = true;
        socket.write(greeting());
      }
      while (unread.length >= 5 && unread.length >= 1 + int32At(unread, 1)) {
        const tag = String.fromCharCode(unread[0]!);
        unread = unread.subarray(1 + int32At(unread, 1));
        const writer = new BackendWriter();
        this.answers(tag, writer, socket);
        if (writer.out.byteLength > 0) socket.write(writer.take());
      }
    });
  }
}

const sslRequest = 80_877_103;

/** A query of one row, as any server would answer it. */
export function oneRow(said: BackendWriter, value: string): BackendWriter {
  return said
    .rowDescription([{ name: 'value', typeOid: 25 }])
    .dataRow([value])
    .commandComplete('SELECT 1')
    .readyForQuery('I');
}

function greeting(): Buffer {
  return new BackendWriter()
    .authentication(0)
    .parameterStatus('server_version', '18.0')
    .parameterStatus('client_encoding', 'UTF8')
    .parameterStatus('DateStyle', 'ISO, MDY')
    .parameterStatus('TimeZone', 'UTC')
    .parameterStatus('standard_conforming_strings', 'on')
    .parameterStatus('application_name', '')
    .backendKeyData(4711, Buffer.alloc(4, 1))
    .readyForQuery('I')
    .take();
}
