/** How much; what is absent is not counted for this task. */
export interface ProgressAmount {
  readonly rows?: number;
  readonly bytes?: number;
}

/**
 * Where long work says what it does, how far it is and how fast. Implementations (terminal, plain lines, JSON
 * lines) live in cli/. Calls are cheap enough for once a buffer, not for once a row; they never throw.
 */
export interface Progress {
  /** Begins a task; `total` is what it is expected to come to, when that is known. */
  task(name: string, total?: ProgressAmount): ProgressTask;
  /** One line worth reading later: a decision, a phase. */
  note(text: string): void;
}

/**
 * A running task. Tasks within it are shown under it, and what they advance counts for it too: advance the
 * innermost only. After `done` or `fail`, calls do nothing; tasks still running within it end with it.
 */
export interface ProgressTask extends Progress {
  /** Adds to what is done. */
  advance(amount: ProgressAmount): void;
  /** Replaces the expected total, once it is known better. */
  expect(total: ProgressAmount): void;
  /** What it is doing now, in a few words: `copying`, `building indexes`, `12 MB behind`. */
  status(text: string): void;
  done(text?: string): void;
  fail(text: string): void;
}

/** Shows nothing: the default of a library's caller. */
export const silentProgress: Progress = {
  task: () => silentTask,
  note: () => undefined,
};

const silentTask: ProgressTask = {
  ...silentProgress,
  advance: () => undefined,
  expect: () => undefined,
  status: () => undefined,
  done: () => undefined,
  fail: () => undefined,
};
