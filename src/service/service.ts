import { SluiceError } from '../errors/index.ts';

/**
 * Every background part. One shared suite, `test/service/conformance.ts`, checks each implementation.
 *
 * - `start(signal)` begins the work and returns at once; aborting the signal asks for the same as `stop()`.
 *   A second start throws SERVICE_STARTED_TWICE. After a stop, start does nothing.
 * - `ready` resolves when the service does its job; it rejects with what failed, or with SERVICE_STOPPED.
 * - `stop()` resolves when all work has ended, whether or not it failed; before a start and a second time it
 *   is fine. It never rejects because of the work: `ready`, `finished` and the log tell that.
 */
export interface Service {
  start(signal?: AbortSignal): void;
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/**
 * What a service does: it works until `signal` aborts (then it returns, or throws the signal's reason) or
 * until it is done, and calls `becomeReady` once it does its job. All it opened is closed when it settles.
 */
export type Work = (signal: AbortSignal, becomeReady: () => void) => Promise<void>;

/**
 * The contract's bookkeeping. A class that is nothing but a service extends `WorkingService` instead of holding one.
 */
export class Lifecycle implements Service {
  readonly ready: Promise<void>;
  /** Resolves when the work ended well or was stopped; rejects with what it failed with. */
  readonly finished: Promise<void>;
  readonly #name: string;
  readonly #work: Work;
  readonly #stopping = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<void>();
  #state: 'new' | 'started' | 'ended' = 'new';

  constructor(name: string, work: Work) {
    this.#name = name;
    this.#work = work;
    this.ready = observed(this.#ready.promise);
    this.finished = observed(this.#finished.promise);
  }

  get state(): 'new' | 'started' | 'ended' {
    return this.#state;
  }

  start(signal?: AbortSignal): void {
    if (this.#state === 'started') {
      throw new SluiceError('SERVICE_STARTED_TWICE', { service: this.#name });
    }
    if (this.#state === 'ended') return;
    this.#state = 'started';
    const linked = signal
      ? AbortSignal.any([signal, this.#stopping.signal])
      : this.#stopping.signal;
    void this.#run(linked);
  }

  async stop(): Promise<void> {
    if (this.#state === 'new') this.#end();
    this.#stopping.abort(this.#stopped());
    await this.#finished.promise.then(settled, settled);
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      if (!signal.aborted) await this.#work(signal, this.#ready.resolve);
      this.#end();
    } catch (error) {
      if (signal.aborted && isAbort(error, signal)) this.#end();
      else this.#fail(error);
    }
  }

  #end(): void {
    this.#state = 'ended';
    this.#ready.reject(this.#stopped());
    this.#finished.resolve();
  }

  #fail(error: unknown): void {
    this.#state = 'ended';
    this.#ready.reject(error);
    this.#finished.reject(error);
  }

  #stopped(): SluiceError {
    return new SluiceError('SERVICE_STOPPED', { service: this.#name });
  }
}

/**
 * A service that writes only its work:
 *
 *     class Ticker extends WorkingService {
 *       constructor() { super('ticker'); }
 *       protected override async work(signal: AbortSignal, becomeReady: () => void) { ... }
 *     }
 */
export abstract class WorkingService implements Service {
  readonly #life: Lifecycle;

  /** @param name  as errors about starting and stopping call it */
  constructor(name: string) {
    this.#life = new Lifecycle(name, (signal, becomeReady) => this.work(signal, becomeReady));
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  /** Resolves when it was stopped or is done; rejects with what it failed with. */
  get finished(): Promise<void> {
    return this.#life.finished;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  /** @see Work */
  protected abstract work(signal: AbortSignal, becomeReady: () => void): Promise<void>;
}

/** True when `error` only says that `signal` was aborted: the end that was asked for, not a failure. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}

/** Nobody must await `ready` or `finished`; a rejection nobody looks at is told by the other ways out. */
function observed(promise: Promise<void>): Promise<void> {
  promise.then(settled, settled);
  return promise;
}

function settled(): undefined {
  return undefined;
}
