import type { Replication } from '../replicate/index.ts';
import { formatByteSize, systemClock, type ProgressTask } from '../service/index.ts';

/** Often enough to see a peak that lasts as long as a blink. */
const sampleMs = 50;
const toldEveryMs = 500;

/** Looks at a pipeline while it runs: what it has applied, how far it is behind, and how far it was at worst. */
export class LagWatch implements Disposable {
  readonly #replication: Replication;
  readonly #stop: () => void;
  #task: ProgressTask | null = null;
  #changes = 0;
  #bytes = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #peakBytes = 0;
  #peakSeconds = 0;

  constructor(replication: Replication) {
    this.#replication = replication;
    this.#stop = systemClock.every(sampleMs, () => this.#sample());
  }

  get peakBytes(): number {
    return Math.max(this.#peakBytes, this.#replication.status().peakLagBytes);
  }

  get peakSeconds(): number {
    return this.#peakSeconds;
  }

  /** `lag 12 MB (0.8 s)` */
  get text(): string {
    const { lagBytes, lagSeconds } = this.#replication.status();
    return describeLag(lagBytes ?? 0, lagSeconds);
  }

  /** What is applied from now on counts for this task, and the lag is told there. */
  tell(task: ProgressTask): void {
    this.#sample();
    this.#task = task;
    this.#toldMs = Number.NEGATIVE_INFINITY;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #sample(): void {
    const { lagBytes, lagSeconds, changesApplied, bytesApplied } = this.#replication.status();
    this.#peakBytes = Math.max(this.#peakBytes, lagBytes ?? 0);
    this.#peakSeconds = Math.max(this.#peakSeconds, lagSeconds ?? 0);
    this.#task?.advance({
      rows: changesApplied - this.#changes,
      bytes: bytesApplied - this.#bytes,
    });
    this.#changes = changesApplied;
    this.#bytes = bytesApplied;
    const nowMs = systemClock.monotonicMs();
    if (lagBytes === null || nowMs - this.#toldMs < toldEveryMs) return;
    this.#toldMs = nowMs;
    this.#task?.status(this.text);
  }
}

function describeLag(bytes: number, seconds: number | null): string {
  const age = seconds === null || bytes === 0 ? '' : ` (${seconds.toFixed(1)} s)`;
  return `lag ${formatByteSize(bytes)}${age}`;
}
