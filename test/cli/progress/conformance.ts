import { describe, expect, test } from 'vitest';
import type { ProgressView } from '../../../src/cli/progress/view.ts';
import type { Clock } from '../../../src/service/index.ts';
import { ManualClock } from '../../service/manual-clock.ts';

/** A place to show progress in that remembers what was written. */
export class Screen {
  columns = 100;
  rows = 20;
  written = '';

  write(text: string): void {
    this.written += text;
  }
}

/** What every progress keeps, wherever it shows. */
export function describeProgress(
  name: string,
  make: (screen: Screen, clock: Clock) => ProgressView,
): void {
  describe(`${name} keeps the progress contract`, () => {
    test('tells of a task, what it does, and how it ended', () => {
      const { screen, clock, progress } = beginProgress(make);
      const task = progress.task('copy', { rows: 100, bytes: 1000 });
      task.status('building indexes');
      task.advance({ rows: 50, bytes: 500 });
      clock.advance(20_000);
      task.done('3 tables');
      progress.close();
      for (const said of ['copy', 'building indexes', '50', '3 tables', 'done']) {
        if (said !== 'done' || !name.includes('terminal')) expect(screen.written).toContain(said);
      }
    });

    test('tells notes, of a task and of none', () => {
      const { screen, progress } = beginProgress(make);
      progress.note('a snapshot was taken');
      progress.task('copy').note('binary, since both sides agree');
      progress.close();
      expect(screen.written).toContain('a snapshot was taken');
      expect(screen.written).toContain('binary, since both sides agree');
    });

    test('ignores what comes after the end of a task', () => {
      const { screen, progress } = beginProgress(make);
      const task = progress.task('copy');
      task.done('first end');
      task.fail('second end');
      task.status('late');
      task.advance({ rows: 7_777_777 });
      task.expect({ rows: 9_999_999 });
      progress.close();
      expect(screen.written).toContain('first end');
      expect(screen.written).not.toMatch(/second end|late|7,?777,?777|9,?999,?999/);
    });

    test('ends the tasks within a task that ends', () => {
      const { screen, clock, progress } = beginProgress(make);
      const outer = progress.task('copy');
      outer.task('public.orders').task('range 1');
      outer.fail('the source went away');
      screen.written = '';
      clock.advance(60_000);
      expect(screen.written).not.toContain('public.orders');
      progress.close();
    });

    test('leaves no timer once closed, and may be closed twice', () => {
      const { clock, progress } = beginProgress(make);
      progress.task('copy').advance({ rows: 1 });
      progress.close();
      progress.close();
      expect(clock.pending).toBe(0);
    });

    test('stays on its lines whatever names hold', () => {
      const { screen, progress } = beginProgress(make);
      progress.task('a\nb\u001b[2Jc', { rows: 1 }).done('d\re');
      progress.close();
      expect(screen.written).not.toContain('\u001b[2J');
      expect(screen.written).not.toContain('a\nb');
      expect(screen.written).not.toContain('d\re');
    });

    test('prints lines given to it', () => {
      const { screen, progress } = beginProgress(make);
      progress.task('copy');
      progress.print('the log says this');
      progress.close();
      expect(screen.written).toContain('the log says this');
    });
  });
}

function beginProgress(make: (screen: Screen, clock: Clock) => ProgressView) {
  const screen = new Screen();
  const clock = new ManualClock();
  return { screen, clock, progress: make(screen, clock) };
}
