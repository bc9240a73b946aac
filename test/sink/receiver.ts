import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { findFreePort } from '../../src/demo/local-server-port.ts';

export interface ReceivedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An HTTP server that keeps what it has answered with 2xx, and answers what a test says. */
export class Receiver {
  readonly port: number;
  readonly kept: ReceivedRequest[] = [];
  /** Requests that are being answered now, and the most there were at once. */
  open = 0;
  mostOpen = 0;
  /** The answer to a request; default 204. */
  answer: (request: ReceivedRequest) => Answer | Promise<Answer> = () => ({ status: 204 });
  #server: Server | null = null;

  constructor(port: number) {
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks`;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    try {
      const body = await buffer(request);
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
      const received = { headers: Object.fromEntries(headers), body };
      const { status, headers: more = {} } = await this.answer(received);
      if (status < 300) this.kept.push(received);
      response.writeHead(status, more).end('{"a body":"nobody reads"}');
    } catch {
      response.destroy(); // cut in the middle of its body
    } finally {
      this.open -= 1;
    }
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

export async function startReceiver(): Promise<Receiver> {
  const receiver = new Receiver(await findFreePort());
  onTestFinished(() => receiver.stop());
  await receiver.start();
  return receiver;
}
