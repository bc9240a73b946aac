import { describe, expect, test } from 'vitest';
import type { TaskListener } from '../../../src/cli/progress/task.ts';
import { ProgressTree } from '../../../src/cli/progress/tree.ts';
import { ManualClock } from '../../service/manual-clock.ts';

const deaf: TaskListener = {
  begun: () => undefined,
  status: () => undefined,
  ended: () => undefined,
  note: () => undefined,
};

function begin() {
  const clock = new ManualClock();
  const tree = new ProgressTree(clock, deaf);
  return { clock, tree, first: () => tree.running()[0] };
}

test('a task counts what the tasks within it do, and expects what they expect', () => {
  const { tree, first } = begin();
  const copy = tree.task('copy');
  const orders = copy.task('orders', { rows: 100 });
  const range = orders.task('range');
  copy.task('customers', { rows: 50 }).advance({ rows: 25 });
  range.advance({ rows: 50 });
  expect(first()).toMatchObject({ amount: { rows: 75 }, total: { rows: 150 }, share: 0.5 });
});

test('a total of its own stands for those within it', () => {
  const { tree, first } = begin();
  const copy = tree.task('copy');
  const orders = copy.task('orders');
  orders.task('range', { bytes: 10 });
  expect(first()?.total).toEqual({ bytes: 10 });
  orders.expect({ bytes: 1000 });
  orders.task('range', { bytes: 10 });
  expect(first()?.total).toEqual({ bytes: 1000 });
});

test('a finished task came to what it did, so that estimates do not leave a rest', () => {
  const { tree, first } = begin();
  const copy = tree.task('copy');
  const orders = copy.task('orders', { rows: 1000 });
  copy.task('customers', { rows: 20 });
  orders.advance({ rows: 80 });
  orders.done();
  expect(first()).toMatchObject({ total: { rows: 100 }, share: 0.8 });
});

test('more than expected is not more than all', () => {
  const { tree, first } = begin();
  tree.task('copy', { rows: 10 }).advance({ rows: 30 });
  expect(first()?.share).toBe(1);
});

describe('the pace', () => {
  test('is that of the last five seconds', () => {
    const { clock, tree, first } = begin();
    const copy = tree.task('copy');
    for (let turn = 0; turn < 200; turn += 1) {
      copy.advance({ rows: 100 });
      clock.advance(100);
    }
    expect(first()?.perSecond.rows).toBeCloseTo(1000, -2);
    clock.advance(60_000);
    expect(first()?.perSecond.rows).toBe(0);
  });

  test('of a task that just began is not of a whole second', () => {
    const { clock, tree, first } = begin();
    tree.task('copy').advance({ rows: 100 });
    clock.advance(500);
    expect(first()?.perSecond.rows).toBeCloseTo(200, 0);
  });

  test('gives the time left from the pace of the whole task', () => {
    const { clock, tree, first } = begin();
    const copy = tree.task('copy', { bytes: 400 });
    expect(first()?.leftMs).toBeUndefined();
    clock.advance(3000);
    copy.advance({ bytes: 100 });
    expect(first()?.leftMs).toBeCloseTo(9000, 0);
  });
});
