import { Lifecycle, type Health, type Service } from '../service/index.ts';
import type { Part, PartDeps } from './part.ts';
import { StatusPage } from './status-page.ts';
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
  readonly #deps: PartDeps;
  readonly #parts: readonly SupervisedPart[];
  readonly #version: string;
  readonly #startedAt = new Date().toISOString();
  readonly #life = new Lifecycle('daemon', (signal, becomeReady) => this.#run(signal, becomeReady));
  readonly #page: StatusPage | undefined;

  constructor(options: DaemonOptions, deps: PartDeps & { readonly version: string }) {
    this.#deps = deps;
    this.#version = deps.version;
    this.#parts = options.parts.map((part) => new SupervisedPart(part, deps));
    this.#page = this.#makePage(options.statusListen);
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  get finished(): Promise<void> {
    return this.#life.finished;
  }

  /** Where the status page is, if there is one; not before the address is free. */
  get statusUrl(): string | undefined {
    return this.#page?.url;
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
    await this.#page?.open();
    try {
      const running = this.#parts.map((part) => part.run(signal));
      becomeReady();
      throwFailures(await Promise.all(running));
    } finally {
      await this.#page?.close();
    }
  }

  /** Without the signal: the page answers until the last part has ended, so that a slow stop can be watched. */
  #makePage(listen: string | undefined): StatusPage | undefined {
    if (listen === undefined) return undefined;
    const { log, metrics, clock } = this.#deps;
    const status = () => this.status();
    const health = () => this.health();
    return new StatusPage({ listen, metrics, status, health, log }, clock);
  }
}

function throwFailures(results: readonly unknown[]): void {
  const failures = results.filter((result) => result !== undefined);
  if (failures.length === 0) return;
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(failures, `${failures.length} parts failed`);
}
