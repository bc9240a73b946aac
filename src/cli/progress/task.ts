import type { Clock, ProgressAmount, ProgressTask } from '../../service/index.ts';
import { Rate } from './rate.ts';

/** A task as a renderer sees it, live: it tells what is so when it is read. */
export interface TaskView {
  readonly id: number;
  readonly name: string;
  readonly parent: TaskView | undefined;
  readonly depth: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly statusText: string;
  /** With all that the tasks within it did. */
  readonly amount: Required<ProgressAmount>;
  /** What is not known is absent. */
  readonly total: ProgressAmount;
  readonly elapsedMs: number;
  readonly perSecond: Required<ProgressAmount>;
  /** 0..1, by bytes when their total is known, else by rows; undefined when neither is. */
  readonly share: number | undefined;
  readonly leftMs: number | undefined;
}

/** What happens, except advances: those are too many to tell, so a renderer reads them at its own pace. */
export interface TaskListener {
  begun(task: TaskView): void;
  status(task: TaskView): void;
  ended(task: TaskView): void;
  note(text: string, task: TaskView | undefined): void;
}

/** What the tasks of one display share. */
export interface TaskContext {
  readonly clock: Clock;
  readonly listener: TaskListener;
  /** Outermost tasks that run, in the order they began. */
  readonly roots: Set<Task>;
  lastId: number;
}

export class Task implements ProgressTask, TaskView {
  readonly id: number;
  readonly name: string;
  readonly parent: Task | undefined;
  readonly depth: number;
  readonly #context: TaskContext;
  readonly #startedMs: number;
  readonly #rate: Rate;
  readonly #running = new Set<Task>();
  readonly #amount = { rows: 0, bytes: 0 };
  /** Sums over the tasks within it: there may be a hundred thousand of them. */
  readonly #innerTotal = { rows: 0, bytes: 0 };
  #ownTotal: ProgressAmount = {};
  #state: TaskView['state'] = 'running';
  #statusText = '';
  #endedMs: number | undefined;

  constructor(context: TaskContext, name: string, total: ProgressAmount, parent?: Task) {
    context.lastId += 1;
    this.id = context.lastId;
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#context = context;
    this.#startedMs = context.clock.monotonicMs();
    this.#rate = new Rate(this.#startedMs);
    this.#siblings.add(this);
    this.expect(total);
    context.listener.begun(this);
  }

  task(name: string, total: ProgressAmount = {}): ProgressTask {
    return new Task(this.#context, name, total, this);
  }

  note(text: string): void {
    this.#context.listener.note(text, this);
  }

  advance(amount: ProgressAmount): void {
    if (this.#state === 'running') this.#add(amount.rows ?? 0, amount.bytes ?? 0);
  }

  expect(total: ProgressAmount): void {
    if (this.#state !== 'running') return;
    this.#changeTotal(() => {
      this.#ownTotal = total;
    });
  }

  status(text: string): void {
    if (this.#state !== 'running' || text === this.#statusText) return;
    this.#statusText = text;
    this.#context.listener.status(this);
  }

  done(text = ''): void {
    this.#end('done', text);
  }

  fail(text: string): void {
    this.#end('failed', text);
  }

  get state(): TaskView['state'] {
    return this.#state;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get amount(): Required<ProgressAmount> {
    return { ...this.#amount };
  }

  get total(): ProgressAmount {
    const rows = this.#ownTotal.rows ?? this.#innerTotal.rows;
    const bytes = this.#ownTotal.bytes ?? this.#innerTotal.bytes;
    return { ...(rows > 0 && { rows }), ...(bytes > 0 && { bytes }) };
  }

  get elapsedMs(): number {
    return (this.#endedMs ?? this.#context.clock.monotonicMs()) - this.#startedMs;
  }

  get perSecond(): Required<ProgressAmount> {
    if (this.#endedMs === undefined) {
      return this.#rate.perSecond(this.#context.clock.monotonicMs());
    }
    const seconds = Math.max(this.elapsedMs, 1) / 1000;
    return { rows: this.#amount.rows / seconds, bytes: this.#amount.bytes / seconds };
  }

  get share(): number | undefined {
    const { rows, bytes } = this.total;
    if (bytes !== undefined) return Math.min(this.#amount.bytes / bytes, 1);
    return rows === undefined ? undefined : Math.min(this.#amount.rows / rows, 1);
  }

  /** At the pace of the whole task so far: the last seconds' pace would make it jump. */
  get leftMs(): number | undefined {
    const { share } = this;
    if (share === undefined || share === 0 || this.#state !== 'running') return undefined;
    return (this.elapsedMs * (1 - share)) / share;
  }

  /** This one and those that run within it, outermost first. */
  withRunning(): Task[] {
    return [this, ...[...this.#running].flatMap((task) => task.withRunning())];
  }

  get #siblings(): Set<Task> {
    return this.parent === undefined ? this.#context.roots : this.parent.#running;
  }

  #add(rows: number, bytes: number): void {
    this.#amount.rows += rows;
    this.#amount.bytes += bytes;
    this.#rate.add(this.#context.clock.monotonicMs(), rows, bytes);
    if (this.parent !== undefined) this.parent.#add(rows, bytes);
  }

  /** What the change makes of this task's total is what it makes of its parents' sums. */
  #changeTotal(change: () => void): void {
    const before = this.total;
    change();
    const { parent } = this;
    if (parent === undefined) return;
    const { rows = 0, bytes = 0 } = this.total;
    parent.#changeTotal(() => {
      parent.#innerTotal.rows += rows - (before.rows ?? 0);
      parent.#innerTotal.bytes += bytes - (before.bytes ?? 0);
    });
  }

  #end(state: 'done' | 'failed', text: string): void {
    if (this.#state !== 'running') return;
    for (const inner of this.#running) inner.#end(state, '');
    if (state === 'done') this.#settleTotal();
    this.#state = state;
    this.#statusText = text;
    this.#endedMs = this.#context.clock.monotonicMs();
    this.#siblings.delete(this);
    this.#context.listener.ended(this);
  }

  /** Totals are estimates; what a finished task did is what it came to, also in its parents' sums. */
  #settleTotal(): void {
    const { rows, bytes } = this.total;
    this.expect({
      ...(rows !== undefined && { rows: this.#amount.rows }),
      ...(bytes !== undefined && { bytes: this.#amount.bytes }),
    });
  }
}
