import type { Log } from '../../service/index.ts';
import type { EventContext } from './definition.ts';
import type { AnyEvent } from './event.ts';
import type { BatchTry } from './work.ts';
import type { Tried, Verdicts } from './verdicts.ts';

/** What a handler gets for one call. What it asks for here counts when the call ends well. */
export class CallContext implements EventContext {
  readonly signal: AbortSignal;
  readonly eventAttempt: number;
  readonly #run: BatchTry;
  readonly #event: AnyEvent | undefined;
  #asked: ((verdicts: Verdicts) => void)[] | null = null;

  /** @param event  the only one of the call */
  constructor(run: BatchTry, signal: AbortSignal, event: AnyEvent | undefined) {
    this.signal = signal;
    this.eventAttempt = (event?.retry ?? 0) + 1;
    this.#run = run;
    this.#event = event;
  }

  get queue(): string {
    return this.#run.batch.queue;
  }

  get consumer(): string {
    return this.#run.work.definition.name;
  }

  get batchId(): bigint {
    return this.#run.batch.id;
  }

  get previousTickId(): bigint {
    return this.#run.batch.previousTickId;
  }

  get tickId(): bigint {
    return this.#run.batch.tickId;
  }

  get tickTime(): Date {
    return this.#run.batch.tickTime;
  }

  get attempt(): number {
    return this.#run.attempt;
  }

  get log(): Log {
    return this.#run.work.log;
  }

  retry(event: Tried, options: { afterMs?: number; reason?: string } = {}): void {
    const { afterMs, reason = 'the handler asked for another try' } = options;
    this.#ask((verdicts) => verdicts.failed(event, reason, afterMs));
  }

  bury(event: Tried, reason: string): void {
    this.#ask((verdicts) => verdicts.bury(event, reason));
  }

  progress(done: number, total?: number, note?: string): void {
    const { work, batch } = this.#run;
    if (this.#event !== undefined)
      work.progress?.report(batch.queue, this.#event, done, total, note);
  }

  /** The call ended well. */
  settle(): void {
    for (const ask of this.#asked ?? []) ask(this.#run.verdicts);
  }

  #ask(ask: (verdicts: Verdicts) => void): void {
    this.#asked ??= [];
    this.#asked.push(ask);
  }
}
