import type { Clock, Progress, ProgressAmount, ProgressTask } from '../../service/index.ts';
import { Task, type TaskContext, type TaskListener, type TaskView } from './task.ts';

/** The tasks and their numbers: what the terminal, the plain lines and the JSON lines have in common. */
export class ProgressTree implements Progress {
  readonly #context: TaskContext;

  constructor(clock: Clock, listener: TaskListener) {
    this.#context = { clock, listener, roots: new Set(), lastId: 0 };
  }

  task(name: string, total: ProgressAmount = {}): ProgressTask {
    return new Task(this.#context, name, total);
  }

  note(text: string): void {
    this.#context.listener.note(text, undefined);
  }

  /** Those that run, each followed by those that run within it. */
  running(): TaskView[] {
    return [...this.#context.roots].flatMap((task) => task.withRunning());
  }
}
