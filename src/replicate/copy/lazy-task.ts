import type { Progress, ProgressAmount, ProgressTask } from '../../service/index.ts';

/** A task that is shown from its first sign of life on: of thousands of tables, those at work. */
export function lazyTask(parent: Progress, name: string, total?: ProgressAmount): ProgressTask {
  let begun: ProgressTask | null = null;
  const task = (): ProgressTask => (begun ??= parent.task(name, total));
  return {
    task: (inner, innerTotal) => task().task(inner, innerTotal),
    note: (text) => task().note(text),
    advance: (amount) => task().advance(amount),
    expect: (amount) => task().expect(amount),
    status: (text) => task().status(text),
    done: (text) => begun?.done(text),
    fail: (text) => begun?.fail(text),
  };
}
