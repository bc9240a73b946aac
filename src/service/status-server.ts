import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SluiceError } from '../errors/index.ts';
import { formatListenAddress, parseListenAddress, type ListenAddress } from './listen.ts';
import { silentLog, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { recordError } from './redact.ts';
import { Lifecycle, type Service } from './service.ts';

export interface Health {
  readonly isHealthy: boolean;
  /** Why not, or what is fine, by part. */
  readonly parts?: Readonly<Record<string, string>>;
}

export interface StatusServerOptions {
  /** See `parseListenAddress`; default a free port of this machine only. */
  readonly listen?: string;
  readonly metrics: Metrics;
  /** What `/status` shows; bigints become decimal strings. */
  readonly status: () => unknown;
  /** What `/healthz` says: 200 when healthy, else 503. */
  readonly health: () => Health;
  readonly log?: Log;
}

/** `/metrics` for Prometheus, `/healthz` for a load balancer or systemd, `/status` for people and programs. */
export class StatusServer implements Service {
  readonly #options: StatusServerOptions;
  readonly #life = new Lifecycle('status server', (signal, becomeReady) =>
    this.#serve(signal, becomeReady),
  );
  #address: ListenAddress | undefined;

  constructor(options: StatusServerOptions) {
    this.#options = options;
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  /** Where it listens, once ready. */
  get url(): string | undefined {
    return this.#address && `http://${formatListenAddress(this.#address)}`;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  async #serve(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    this.#address = await listen(server, this.#options.listen ?? '127.0.0.1:0');
    try {
      becomeReady();
      await untilAborted(signal);
    } finally {
      this.#address = undefined;
      await close(server);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      (this.#options.log ?? silentLog).error('a status request failed', { error });
      if (!response.headersSent) sendJson(response, 500, { error: recordError(error) });
      else response.destroy();
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      sendJson(response, 405, { error: 'only GET and HEAD' });
      return;
    }
    const { metrics, health, status } = this.#options;
    switch ((request.url ?? '/').split('?')[0]) {
      case '/metrics':
        send(response, 200, metrics.contentType, await metrics.text());
        return;
      case '/healthz': {
        const answer = health();
        sendJson(response, answer.isHealthy ? 200 : 503, answer);
        return;
      }
      case '/status':
        sendJson(response, 200, status());
        return;
      default:
        sendJson(response, 404, { error: 'there are /metrics, /healthz and /status' });
    }
  }
}

/** JSON with bigints (positions, counts) as decimal strings: a double would round them. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item),
    indent,
  );
}

function sendJson(response: ServerResponse, code: number, body: unknown): void {
  send(response, code, 'application/json; charset=utf-8', `${toJson(body, 2)}\n`);
}

function send(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, address: string): Promise<ListenAddress> {
  const { host, port } = parseListenAddress(address);
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code ?? cause.message;
      reject(new SluiceError('SERVICE_LISTEN', { address, reason }, { cause }));
    });
    server.listen(port, host, () => {
      const bound = server.address();
      resolve({ host, port: typeof bound === 'object' && bound !== null ? bound.port : port });
    });
  });
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Keep-alive connections are cut: a scraper's idle socket must not hold the process. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
