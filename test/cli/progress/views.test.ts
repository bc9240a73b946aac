import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { JsonProgress } from '../../../src/cli/progress/json.ts';
import { PlainProgress } from '../../../src/cli/progress/plain.ts';
import { TerminalProgress } from '../../../src/cli/progress/terminal.ts';
import { ManualClock } from '../../service/manual-clock.ts';
import { describeProgress, Screen } from './conformance.ts';
import { shownText } from './screen-text.ts';

describeProgress('the terminal', (screen, clock) => new TerminalProgress(screen, clock));
describeProgress('plain lines', (screen, clock) => new PlainProgress(screen, clock));
describeProgress('JSON lines', (screen, clock) => new JsonProgress(screen, clock));

function beginTerminal(rows = 20, columns = 100) {
  const screen = new Screen();
  screen.rows = rows;
  screen.columns = columns;
  const clock = new ManualClock();
  return { screen, clock, progress: new TerminalProgress(screen, clock) };
}

describe('the terminal', () => {
  test('shows running tasks under what has ended, each once', () => {
    const { screen, clock, progress } = beginTerminal();
    const copy = progress.task('copy', { rows: 400 });
    const customers = copy.task('public.customers');
    copy.task('public.orders').status('copying');
    customers.advance({ rows: 100, bytes: 1024 });
    clock.advance(1000);
    customers.done();
    clock.advance(1000);
    expect(shownText(screen.written).trimEnd().split('\n')).toEqual([
      '✓ copy / public.customers  100 rows, 100 rows/s, 1 KB/s, in 1.0 s',
      'copy             █████░░░░░░░░░░░░░░░  25 %  50 rows/s, 512 B/s, 6.0 s left, 100 of 400 rows',
      '  public.orders  copying',
    ]);
  });

  test('shows name, share, pace and time left of a copy within 80 columns', () => {
    const { screen, clock, progress } = beginTerminal(20, 80);
    const copy = progress.task('copy', { rows: 90_000_000, bytes: 900 * 1024 ** 3 });
    const table = copy.task('public.order_items_archive', { rows: 80_000_000, bytes: 2 ** 39 });
    table.status('copying');
    for (let second = 0; second < 5; second += 1) {
      table.advance({ rows: 987_654, bytes: 1023.9 * 1024 ** 2 });
      clock.advance(1000);
    }
    const lines = shownText(screen.written).trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^copy .* 0 %  \d+ k rows\/s, \d+\.\d MB\/s, \d+ min \d\d s left/),
      expect.stringMatching(
        /^ {2}public\.order_items_ar… .* 0 %  \d+ k rows\/s, \d+\.\d MB\/s, \d+ min \d\d s left/,
      ),
    ]);
    expect(lines.every((line) => line.length < 80)).toBe(true);
  });

  test('fits a screen of any size, whatever runs', () => {
    const { screen, clock, progress } = beginTerminal(8, 40);
    const copy = progress.task('copy', { rows: 1000 });
    for (let table = 0; table < 50; table += 1) {
      copy.task(`public.a_table_with_a_long_name_${table}_顧客`, { rows: 10 }).advance({ rows: 5 });
    }
    screen.written = '';
    clock.advance(100);
    const lines = screen.written.split('\n').slice(0, -1);
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toBe('  and 46 more');
    expect(lines.slice(1).every((line) => line.length < 40)).toBe(true);
  });

  test('takes a terminal that does not know its size for a usual one', () => {
    const { screen, progress } = beginTerminal(0, 0);
    progress.task('copy').task('public.orders').status('copying');
    expect(shownText(screen.written)).toContain('public.orders  copying');
  });

  test('leaves only what has ended when it is closed after all is done', () => {
    const { screen, progress } = beginTerminal();
    progress.task('copy').done('12 tables');
    progress.close();
    progress.print('summary');
    expect(shownText(screen.written)).toBe('✓ copy  12 tables, in 0 ms\nsummary\n');
  });
});

test('plain lines tell how far a task is every ten seconds', () => {
  const screen = new Screen();
  const clock = new ManualClock();
  const progress = new PlainProgress(screen, clock);
  const orders = progress.task('copy').task('public.orders', { rows: 200 });
  orders.advance({ rows: 50 });
  clock.advance(10_000);
  expect(screen.written).toContain('copy / public.orders: 25 %, 50 of 200 rows');
  expect(screen.written).toContain('30 s left');
  progress.close();
});

test('plain lines tell a status that changes all the time only now and then', () => {
  const screen = new Screen();
  const clock = new ManualClock();
  const progress = new PlainProgress(screen, clock);
  const following = progress.task('following');
  for (let second = 1; second <= 25; second += 1) {
    following.status(`${second} MB behind`);
    clock.advance(1000);
  }
  const said = screen.written.match(/\d+ MB behind/g);
  expect(said).toEqual([
    '1 MB behind',
    '10 MB behind',
    '11 MB behind',
    '20 MB behind',
    '21 MB behind',
  ]);
  progress.close();
});

test('JSON lines are JSON, and repeat no task that stands still', () => {
  const screen = new Screen();
  const clock = new ManualClock();
  const progress = new JsonProgress(screen, clock);
  const copy = progress.task('copy', { bytes: 100 });
  copy.task('public.orders').advance({ rows: 5, bytes: 50 });
  clock.advance(5_000);
  copy.fail('the source went away');
  progress.close();
  const records = screen.written
    .trim()
    .split('\n')
    .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  expect(records.map(({ event, id }) => [event, id])).toEqual([
    ['begun', 1],
    ['begun', 2],
    ['moved', 1],
    ['moved', 2],
    ['failed', 2],
    ['failed', 1],
  ]);
  expect(records[2]).toMatchObject({
    name: 'copy',
    rows: 5,
    bytes: 50,
    totalBytes: 100,
    leftMs: 1000,
  });
  expect(records[3]).toMatchObject({ parent: 1, name: 'public.orders' });
});
