import { systemClock, type Clock, type ProgressAmount } from '../../service/index.ts';
import type { TaskListener, TaskView } from './task.ts';
import { describeAmounts, fullName, oneLine } from './text.ts';
import { ProgressTree } from './tree.ts';
import type { Output, ProgressView } from './view.ts';

/** Often enough for a person who looks at a build log, rarely enough not to fill it. */
const EVERY_MS = 10_000;

/** Lines for a pipe or a file: what begins, what it does, how far it is every ten seconds, how it ended. */
export class PlainProgress implements ProgressView, TaskListener {
  readonly #output: Output;
  readonly #tree: ProgressTree;
  readonly #stop: () => void;
  /** Tasks that told a status since the last tick. */
  readonly #spoke = new Set<number>();

  constructor(output: Output, clock: Clock = systemClock) {
    this.#output = output;
    this.#tree = new ProgressTree(clock, this);
    this.#stop = clock.every(EVERY_MS, () => this.#tick());
  }

  task(name: string, total?: ProgressAmount) {
    return this.#tree.task(name, total);
  }

  note(text: string, task?: TaskView): void {
    this.print(task === undefined ? text : `${fullName(task)}: ${text}`);
  }

  print(line: string): void {
    this.#output.write(`${oneLine(line)}\n`);
  }

  close(): void {
    this.#stop();
  }

  begun(task: TaskView): void {
    if (task.depth === 0) this.print(`${task.name}: begins`);
  }

  /** At once when the task was silent for a while, else with the next ten seconds' line: some change every second. */
  status(task: TaskView): void {
    if (this.#spoke.has(task.id)) return;
    this.#spoke.add(task.id);
    this.print(`${fullName(task)}: ${task.statusText}`);
  }

  ended(task: TaskView): void {
    const parts = [task.state, task.statusText, describeAmounts(task)];
    this.print(`${fullName(task)}: ${parts.filter((part) => part !== '').join(', ')}`);
  }

  #tick(): void {
    this.#spoke.clear();
    for (const task of this.#tree.running()) {
      const percent = task.share === undefined ? '' : `${Math.floor(task.share * 100)} %`;
      const parts = [percent, task.statusText, describeAmounts(task)].filter((part) => part !== '');
      if (parts.length > 0) this.print(`${fullName(task)}: ${parts.join(', ')}`);
    }
  }
}
