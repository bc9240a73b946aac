import { systemClock, toJson, type Clock, type ProgressAmount } from '../../service/index.ts';
import type { TaskListener, TaskView } from './task.ts';
import { ProgressTree } from './tree.ts';
import type { Output, ProgressView } from './view.ts';

const EVERY_MS = 1_000;

/**
 * One JSON object a line, for programs: `{"type":"task","event":"begun"|"status"|"moved"|"done"|"failed", ...}` and
 * `{"type":"note","text":...}`. `moved` comes once a second for each task that did.
 */
export class JsonProgress implements ProgressView, TaskListener {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #tree: ProgressTree;
  readonly #stop: () => void;
  readonly #toldAmount = new Map<number, string>();

  constructor(output: Output, clock: Clock = systemClock) {
    this.#output = output;
    this.#clock = clock;
    this.#tree = new ProgressTree(clock, this);
    this.#stop = clock.every(EVERY_MS, () => this.#tick());
  }

  task(name: string, total?: ProgressAmount) {
    return this.#tree.task(name, total);
  }

  note(text: string, task?: TaskView): void {
    this.#write({ type: 'note', text, ...(task !== undefined && { task: task.id }) });
  }

  /** The log is JSON lines of its own; among these it would be a second kind. */
  print(line: string): void {
    this.#write({ type: 'line', text: line });
  }

  close(): void {
    this.#stop();
  }

  begun(task: TaskView): void {
    this.#tell(task, 'begun');
  }

  status(task: TaskView): void {
    this.#tell(task, 'status');
  }

  ended(task: TaskView): void {
    this.#toldAmount.delete(task.id);
    this.#tell(task, task.state);
  }

  #tick(): void {
    for (const task of this.#tree.running()) {
      const amount = toJson(task.amount);
      if (this.#toldAmount.get(task.id) === amount) continue;
      this.#toldAmount.set(task.id, amount);
      if (task.amount.rows > 0 || task.amount.bytes > 0) this.#tell(task, 'moved');
    }
  }

  #tell(task: TaskView, event: string): void {
    const { id, name, amount, total, perSecond, leftMs } = task;
    this.#write({
      type: 'task',
      event,
      id,
      ...(task.parent !== undefined && { parent: task.parent.id }),
      name,
      ...(task.statusText !== '' && { status: task.statusText }),
      ...amount,
      ...(total.rows !== undefined && { totalRows: total.rows }),
      ...(total.bytes !== undefined && { totalBytes: total.bytes }),
      rowsPerSecond: Math.round(perSecond.rows),
      bytesPerSecond: Math.round(perSecond.bytes),
      elapsedMs: Math.round(task.elapsedMs),
      ...(leftMs !== undefined && { leftMs: Math.round(leftMs) }),
    });
  }

  #write(record: object): void {
    const at = new Date(this.#clock.nowMs()).toISOString();
    this.#output.write(`${toJson({ at, ...record })}\n`);
  }
}
