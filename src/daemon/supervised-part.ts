import {
  Backoff,
  decisionOf,
  isAbort,
  recordError,
  systemClock,
  type Clock,
  type ErrorRecord,
} from '../service/index.ts';
import type { Part, PartDeps, PartService } from './part.ts';

/**
 *     starting --ready--> running --finished--> done
 *        ^                   |
 *        |              error: retry, reconnect          error: anything else
 *        +--- waiting <------+------------------------------------> failed
 *
 * and `stopped` from anywhere when asked to.
 */
export type PartState = 'starting' | 'running' | 'waiting' | 'done' | 'failed' | 'stopped';

export interface PartStatus {
  readonly name: string;
  readonly state: PartState;
  /** When the state began, ISO 8601. */
  readonly since: string;
  /** What it waits or failed for. */
  readonly error?: ErrorRecord;
  /** What the part says of itself, or said last. */
  readonly detail?: unknown;
}

/** Keeps one part running: what may pass is tried again, what needs a person stays stopped and is shown. */
export class SupervisedPart {
  readonly #part: Part;
  readonly #deps: PartDeps;
  readonly #clock: Clock;
  readonly #backoff = new Backoff();
  readonly #metrics: ReturnType<typeof declareMetrics>;
  #state: PartState = 'starting';
  #sinceMs: number;
  #error: unknown;
  #service: PartService | undefined;
  #lastDetail: unknown;

  constructor(part: Part, deps: PartDeps) {
    this.#part = part;
    this.#deps = { ...deps, log: deps.log.child({ part: part.name }) };
    this.#clock = deps.clock ?? systemClock;
    this.#metrics = declareMetrics(deps);
    this.#sinceMs = this.#clock.nowMs();
    this.#enter('starting');
  }

  get name(): string {
    return this.#part.name;
  }

  get isHealthy(): boolean {
    return (
      this.#state !== 'failed' && this.#state !== 'waiting' && this.#service?.trouble === undefined
    );
  }

  /** In a few words, for the health page: the state, and why it does not do its job when it does not. */
  get condition(): string {
    const trouble = this.#service?.trouble;
    return trouble === undefined ? this.#state : `${this.#state}: ${trouble}`;
  }

  status(): PartStatus {
    const detail = this.#service === undefined ? this.#lastDetail : this.#service.status();
    return {
      name: this.name,
      state: this.#state,
      since: new Date(this.#sinceMs).toISOString(),
      ...(this.#error !== undefined && { error: recordError(this.#error) }),
      ...(detail !== undefined && { detail }),
    };
  }

  /** Runs until the part is done, fails for good, or the signal aborts. Returns the failure, else undefined. */
  async run(signal: AbortSignal): Promise<unknown> {
    while (!signal.aborted) {
      try {
        await this.#runOnce(signal);
        this.#enter(signal.aborted ? 'stopped' : 'done');
        return undefined;
      } catch (error) {
        if (isAbort(error, signal)) break;
        if (!mayPass(error)) {
          this.#enter('failed', error);
          this.#deps.log.error('the part failed and stays stopped', { error });
          return error;
        }
        await this.#wait(error, signal);
      }
    }
    this.#enter('stopped');
    return undefined;
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    const service = await this.#part.make(this.#deps);
    this.#service = service;
    try {
      this.#enter('starting');
      service.start(signal);
      service.ready.then(
        () => this.#becomeRunning(service),
        // `finished` tells the same failure, and is awaited below.
        () => undefined,
      );
      await service.finished;
    } finally {
      await service.stop();
      this.#lastDetail = service.status();
      this.#service = undefined;
    }
  }

  #becomeRunning(service: PartService): void {
    if (this.#service !== service) return;
    this.#backoff.reset();
    this.#enter('running');
    this.#deps.log.info('the part is ready');
  }

  async #wait(error: unknown, signal: AbortSignal): Promise<void> {
    const delayMs = this.#backoff.nextDelayMs();
    this.#enter('waiting', error);
    this.#metrics.restarts.add({ part: this.name });
    this.#deps.log.warn('the part lost its footing and starts again', { error, delayMs });
    await this.#clock.sleep(delayMs, signal).catch((reason: unknown) => {
      if (!isAbort(reason, signal)) throw reason;
    });
  }

  #enter(state: PartState, error?: unknown): void {
    this.#state = state;
    this.#sinceMs = this.#clock.nowMs();
    // While it starts again, the last error is still the answer to "what is wrong with it?".
    if (error !== undefined || state !== 'starting') this.#error = error;
    this.#metrics.running.set({ part: this.name }, state === 'running' ? 1 : 0);
  }
}

function mayPass(error: unknown): boolean {
  const decision = decisionOf(error);
  return decision === 'retry' || decision === 'reconnect';
}

function declareMetrics({ metrics }: PartDeps) {
  return {
    running: metrics.gauge({
      room: 'daemon',
      thing: 'running',
      unit: 'parts',
      help: '1 while the part of sluice.toml does its job, else 0.',
      labels: ['part'],
    }),
    restarts: metrics.counter({
      room: 'daemon',
      thing: 'restarted',
      unit: 'parts',
      help: 'How often the part was started again after an error that may pass.',
      labels: ['part'],
    }),
  };
}
