import { Lifecycle, StatusServer, type Health, type Service } from '../service/index.ts';
import type { Part, PartDeps } from './part.ts';
import { SupervisedPart, type PartStatus } from './supervised-part.ts';

export interface DaemonOptions {
  readonly parts: readonly Part[];
  /** Where the status page listens; none without it. */
  readonly statusListen?: string;
}

export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly parts: readonly PartStatus[];
}

/**
 * Runs everything it is given in one process, with one status page. A part that fails leaves the others alone; when
 * none runs any more, the daemon ends with what they failed with.
 */
export class Daemon implements Service {
  readonly #options: DaemonOptions;
  readonly #deps: PartDeps;
  readonly #parts: readonly SupervisedPart[];
  readonly #version: string;
  readonly #startedAt = new Date().toISOString();
  readonly #life = new Lifecycle('daemon', (signal, becomeReady) => this.#run(signal, becomeReady));
  #server: StatusServer | undefined;

  constructor(options: DaemonOptions, deps: PartDeps & { readonly version: string }) {
    this.#options = options;
    this.#deps = deps;
    this.#version = deps.version;
    this.#parts = options.parts.map((part) => new SupervisedPart(part, deps));
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  get finished(): Promise<void> {
    return this.#life.finished;
  }

  /** Where the status page is, once ready and if there is one. */
  get statusUrl(): string | undefined {
    return this.#server?.url;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  status(): DaemonStatus {
    return {
      version: this.#version,
      pid: process.pid,
      startedAt: this.#startedAt,
      parts: this.#parts.map((part) => part.status()),
    };
  }

  health(): Health {
    return {
      isHealthy: this.#parts.every((part) => part.isHealthy),
      parts: Object.fromEntries(this.#parts.map((part) => [part.name, part.condition])),
    };
  }

  async #run(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    await this.#startStatusServer();
    try {
      const running = this.#parts.map((part) => part.run(signal));
      becomeReady();
      throwFailures(await Promise.all(running));
    } finally {
      await this.#server?.stop();
      this.#server = undefined;
    }
  }

  /** Without the signal: the page answers until the last part has ended, so that a slow stop can be watched. */
  async #startStatusServer(): Promise<void> {
    const { statusListen } = this.#options;
    if (statusListen === undefined) return;
    const { log, metrics } = this.#deps;
    this.#server = new StatusServer({
      listen: statusListen,
      metrics,
      status: () => this.status(),
      health: () => this.health(),
      log,
    });
    this.#server.start();
    await this.#server.ready;
    log.info('the status page listens', { url: this.#server.url });
  }
}

function throwFailures(results: readonly unknown[]): void {
  const failures = results.filter((result) => result !== undefined);
  if (failures.length === 0) return;
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(failures, `${failures.length} parts failed`);
}
