import { systemClock, type Progress, type ProgressTask } from '../service/index.ts';
import type { Stage } from './report.ts';

/** Times the stages of the demo. */
export class Stages {
  readonly #progress: Progress;
  readonly #startedMs = systemClock.monotonicMs();
  readonly #seconds: Record<Stage, number> = {
    servers: 0,
    shop: 0,
    check: 0,
    copy: 0,
    follow: 0,
    'catch up': 0,
    compare: 0,
    switch: 0,
  };

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /** A stage that is shown as a task; it returns what to say of it at the end, beside its result. */
  async show<T>(stage: Stage, work: (task: ProgressTask) => Promise<Told<T>>): Promise<T> {
    const task = this.#progress.task(stage);
    try {
      const { result, text } = await this.time(stage, () => work(task));
      task.done(text);
      return result;
    } catch (error) {
      task.fail('stopped');
      throw error;
    }
  }

  /** A stage whose work shows itself. */
  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const startedMs = systemClock.monotonicMs();
    const result = await work();
    this.#seconds[stage] = (systemClock.monotonicMs() - startedMs) / 1000;
    return result;
  }

  get seconds(): Readonly<Record<Stage, number>> {
    return { ...this.#seconds };
  }

  get totalSeconds(): number {
    return (systemClock.monotonicMs() - this.#startedMs) / 1000;
  }
}

export interface Told<T> {
  readonly result: T;
  readonly text: string;
}
