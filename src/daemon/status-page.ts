import { isSluiceError } from '../errors/index.ts';
import {
  isAbort,
  StatusServer,
  systemClock,
  type Clock,
  type Log,
  type StatusServerOptions,
} from '../service/index.ts';

/** Soon enough for whoever looks whether a stand-by has taken over. */
const RETRY_MS = 2_000;

/**
 * The status page at its address. While another process has that address, as the one that runs a pipeline has on
 * the machine of its stand-by, there is no page, and the address is taken as soon as it is free: a page that
 * is missing must not keep rows from being moved.
 */
export class StatusPage {
  readonly #options: StatusServerOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #server: StatusServer | undefined;
  #waiting: Promise<void> = Promise.resolve();

  constructor(options: StatusServerOptions & { log: Log }, clock: Clock = systemClock) {
    this.#options = options;
    this.#log = options.log;
    this.#clock = clock;
  }

  /** Where it is, when it is. */
  get url(): string | undefined {
    return this.#server?.url;
  }

  /** @throws SERVICE_LISTEN_ADDRESS; SERVICE_LISTEN when the address can never be had */
  async open(): Promise<void> {
    if (await this.#tryOpen()) return;
    const { listen } = this.#options;
    this.#log.warn('another process has the address of the status page: waiting for it', {
      listen,
    });
    this.#waiting = this.#openLater();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#waiting;
    await this.#server?.stop();
    this.#server = undefined;
  }

  async #openLater(): Promise<void> {
    const { signal } = this.#closing;
    try {
      do await this.#clock.sleep(RETRY_MS, signal);
      while (!(await this.#tryOpen()));
    } catch (error) {
      if (!isAbort(error, signal)) this.#log.warn('there is no status page', { error });
    }
  }

  /** False when another process has the address. */
  async #tryOpen(): Promise<boolean> {
    const server = new StatusServer(this.#options);
    server.start();
    try {
      await server.ready;
    } catch (error) {
      if (isSluiceError(error, 'SERVICE_LISTEN') && error.details['reason'] === 'EADDRINUSE')
        return false;
      throw error;
    }
    this.#server = server;
    this.#log.info('the status page listens', { url: server.url });
    return true;
  }
}
