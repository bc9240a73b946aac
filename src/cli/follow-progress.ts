import type { Replication, ReplicationStatus } from '../replicate/index.ts';
import {
  formatByteSize,
  systemClock,
  type Clock,
  type Progress,
  type ProgressTask,
} from '../service/index.ts';
import { countOf, formatDuration } from './progress/text.ts';

const EVERY_MS = 1_000;

/** Shows how following goes: the engine's own tasks are those that have an end. */
export class FollowProgress {
  readonly #progress: Progress;
  readonly #shown = new Map<string, Shown>();
  readonly #stop: () => void;

  constructor(progress: Progress, clock: Clock = systemClock) {
    this.#progress = progress;
    this.#stop = clock.every(EVERY_MS, () => this.#tick());
  }

  /** From now on; a pipeline that is made anew takes the place of the one of its name. */
  watch(replication: Pick<Replication, 'name' | 'status'>): void {
    const { name } = replication;
    this.#shown.get(name)?.task?.done();
    this.#shown.set(name, { read: () => replication.status(), changes: 0, bytes: 0 });
  }

  close(): void {
    this.#stop();
    this.#tick();
    for (const { task, read } of this.#shown.values()) {
      task?.done(countOf(read().transactionsApplied, 'transaction'));
    }
  }

  #tick(): void {
    for (const shown of this.#shown.values()) {
      const status = shown.read();
      if (status.phase === 'following')
        shown.task ??= this.#progress.task(`following ${status.name}`);
      shown.task?.advance({
        rows: status.changesApplied - shown.changes,
        bytes: status.bytesApplied - shown.bytes,
      });
      shown.changes = status.changesApplied;
      shown.bytes = status.bytesApplied;
      shown.task?.status(describe(status));
    }
  }
}

interface Shown {
  readonly read: () => ReplicationStatus;
  task?: ProgressTask;
  changes: number;
  bytes: number;
}

function describe({ phase, error, lagBytes, lagSeconds }: ReplicationStatus): string {
  if (phase !== 'following') return error === null ? phase : `${phase}: ${error}`;
  if (lagBytes === null) return 'reading';
  if (lagBytes === 0) return 'caught up';
  const age = lagSeconds === null ? '' : ` (${formatDuration(lagSeconds * 1000)})`;
  return `${formatByteSize(lagBytes)} behind${age}`;
}
