import { expect, test } from 'vitest';
import { Lifecycle, systemClock } from '../../src/service/index.ts';
import { describeService } from './conformance.ts';

describeService('a lifecycle with work of its own', async () => {
  let working = 0;
  const service = new Lifecycle('worker', async (signal, becomeReady) => {
    working += 1;
    try {
      becomeReady();
      await systemClock.sleep(60_000, signal);
    } finally {
      working -= 1;
    }
  });
  return { service, expectNothingLeft: () => expect(working).toBe(0) };
});

test('stop waits for work that takes its time to end', async () => {
  const ending = Promise.withResolvers<void>();
  const life = new Lifecycle('slow', async (_signal, becomeReady) => {
    becomeReady();
    await ending.promise;
  });
  life.start();
  let isStopped = false;
  const stopped = life.stop().then(() => (isStopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isStopped).toBe(false);
  ending.resolve();
  await stopped;
});

test('work that fails rejects ready and finished, and stop is still fine', async () => {
  const failure = new Error('no such thing');
  const life = new Lifecycle('failing', () => Promise.reject(failure));
  life.start();
  await expect(life.ready).rejects.toBe(failure);
  await expect(life.finished).rejects.toBe(failure);
  await life.stop();
});

test('a failure while stopping is a failure, the abort itself is not', async () => {
  const failure = new Error('could not close');
  const failing = new Lifecycle('failing', async (signal, becomeReady) => {
    becomeReady();
    await systemClock.sleep(60_000, signal).catch(() => {
      throw failure;
    });
  });
  failing.start();
  await failing.stop();
  await expect(failing.finished).rejects.toBe(failure);

  const aborting = new Lifecycle('aborting', (signal) => systemClock.sleep(60_000, signal));
  aborting.start();
  await aborting.stop();
  await expect(aborting.finished).resolves.toBeUndefined();
});

test('work that is done by itself finishes, and is not begun again', async () => {
  let begun = 0;
  const life = new Lifecycle('short', async (_signal, becomeReady) => {
    begun += 1;
    becomeReady();
  });
  life.start();
  await life.ready;
  await life.finished;
  expect(life.state).toBe('ended');
  life.start();
  await life.stop();
  expect(begun).toBe(1);
});
