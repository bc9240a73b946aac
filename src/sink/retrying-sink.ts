import { SluiceError } from '../errors/index.ts';
import {
  Backoff,
  blockingFindings,
  decisionOf,
  isAbort,
  Lifecycle,
  silentLog,
  systemClock,
  type Clock,
  type Finding,
  type Log,
} from '../service/index.ts';
import type { Outlet } from './outlet.ts';
import { unlessAborted } from './unless-aborted.ts';
import type { Delivery, Sink, SinkMessage } from './sink.ts';

export interface SinkDeps {
  readonly log?: Log;
  readonly clock?: Clock;
}

/** A sink around an outlet: blocks one after the other, each tried until it has arrived. */
export class RetryingSink implements Sink {
  readonly name: string;
  readonly #outlet: Outlet;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #life: Lifecycle;
  readonly #working = new AbortController();
  #isOpen = false;
  #last: Promise<void> = Promise.resolve();
  #trouble: string | undefined;

  constructor(name: string, outlet: Outlet, deps: SinkDeps = {}) {
    this.name = name;
    this.#outlet = outlet;
    this.#log = (deps.log ?? silentLog).child({ sink: name });
    this.#clock = deps.clock ?? systemClock;
    this.#life = new Lifecycle(`sink.${name}`, (signal, becomeReady) =>
      this.#run(signal, becomeReady),
    );
  }

  get ready(): Promise<void> {
    return this.#life.ready;
  }

  get delivery(): Delivery {
    return this.#outlet.delivery;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  start(signal?: AbortSignal): void {
    this.#life.start(signal);
  }

  async stop(): Promise<void> {
    await this.#life.stop();
  }

  check(signal: AbortSignal): Promise<Finding[]> {
    return this.#outlet.check(signal);
  }

  async write(messages: readonly SinkMessage[], signal?: AbortSignal): Promise<void> {
    const before = this.#last;
    const own = Promise.withResolvers<void>();
    this.#last = before.then(() => own.promise);
    const until = signal ? AbortSignal.any([signal, this.#working.signal]) : this.#working.signal;
    try {
      await unlessAborted(Promise.all([before, this.#life.ready]), until);
      if (messages.length > 0) await this.#deliver(messages, until);
    } finally {
      own.resolve();
    }
  }

  async #run(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    let end: unknown = new SluiceError('SERVICE_STOPPED', { service: `sink.${this.name}` });
    try {
      await this.#untilDone(() => this.#openFirst(signal), signal);
      becomeReady();
      await aborted(signal);
    } catch (error) {
      if (!signal.aborted) end = error;
      throw error;
    } finally {
      this.#working.abort(end);
      await this.#last;
      await this.#outlet.close();
    }
  }

  async #openFirst(signal: AbortSignal): Promise<void> {
    const findings = await this.#outlet.check(signal);
    const [first, ...others] = blockingFindings(findings);
    for (const finding of findings) this.#log.info(finding.evidence, { ...finding });
    if (first)
      throw new SluiceError('SINK_BLOCKED', {
        sink: this.name,
        count: 1 + others.length,
        finding: `${first.code} ${first.subject}: ${first.evidence}`,
      });
    await this.#open(signal);
  }

  async #open(signal: AbortSignal): Promise<void> {
    await this.#outlet.open(signal);
    this.#isOpen = true;
  }

  async #deliver(messages: readonly SinkMessage[], signal: AbortSignal): Promise<void> {
    let arrived = 0;
    await this.#untilDone(async (progress) => {
      if (!this.#isOpen) await this.#open(signal);
      const onDurable = (): void => {
        arrived += 1;
        progress();
      };
      await this.#outlet.deliver(messages.slice(arrived), onDurable, signal);
    }, signal);
  }

  async #untilDone(
    attempt: (progress: () => void) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const backoff = new Backoff();
    for (;;) {
      signal.throwIfAborted();
      try {
        await attempt(() => backoff.reset());
        this.#getsOn();
        return;
      } catch (error) {
        if (isAbort(error, signal)) throw error;
        const decision = decisionOf(error);
        if (decision !== 'retry' && decision !== 'reconnect') throw error;
        if (decision === 'reconnect') await this.#close();
        const delayMs = Math.max(backoff.nextDelayMs(), this.#outlet.pauseMs ?? 0);
        this.#isStuck(error, delayMs);
        await this.#clock.sleep(delayMs, signal);
      }
    }
  }

  async #close(): Promise<void> {
    this.#isOpen = false;
    await this.#outlet.close();
  }

  #isStuck(error: unknown, delayMs: number): void {
    if (this.#trouble === undefined)
      this.#log.warn('the sink does not take messages: trying again', { error, delayMs });
    this.#trouble = error instanceof Error ? error.message : String(error);
  }

  #getsOn(): void {
    if (this.#trouble !== undefined) this.#log.info('the sink takes messages again');
    this.#trouble = undefined;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
