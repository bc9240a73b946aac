import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/service/index.ts';

test('a sleep under an aborted signal rejects with its reason', async () => {
  const reason = new Error('enough');
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('an aborted sleep rejects at once and lets go of the signal', async () => {
  const controller = new AbortController();
  const sleep = systemClock.sleep(60_000, controller.signal);
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(sleep).rejects.toBe(reason);
});

test('a sleep that ends lets go of the signal', async () => {
  const controller = new AbortController();
  await systemClock.sleep(1, controller.signal);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});

test('a sleep longer than a timer can count does not end at once', async () => {
  const controller = new AbortController();
  const sleep = systemClock.sleep(2 ** 40, controller.signal);
  let isOver = false;
  sleep.then(
    () => (isOver = true),
    () => undefined,
  );
  await systemClock.sleep(5);
  expect(isOver).toBe(false);
  controller.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
});

test('an interval runs until it is stopped', async () => {
  let runs = 0;
  const ran = Promise.withResolvers<void>();
  const stop = systemClock.every(1, () => {
    runs += 1;
    if (runs === 3) {
      stop();
      ran.resolve();
    }
  });
  await ran.promise;
  await systemClock.sleep(5);
  expect(runs).toBe(3);
});
