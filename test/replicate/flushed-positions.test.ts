import { expect, test } from 'vitest';
import { FlushedPositions } from '../../src/replicate/flushed-positions.ts';
import { lsn, type Lsn } from '../../src/wire/index.ts';

test('a position that cannot be forgotten is told at once, and is what the attempt ends with', async () => {
  const asked: Lsn[] = [];
  const full = new Error('the disk is read-only');
  const positions = new FlushedPositions({
    forget: async (position) => {
      asked.push(position);
      if (position === 2n) throw full;
    },
  });
  const told = new Promise((resolve) =>
    positions.failed.addEventListener('abort', () => resolve(positions.failed.reason)),
  );
  for (const position of [1n, 2n, 3n]) positions.forget(lsn(position));
  expect(await told).toBe(full);
  await expect(positions.settled()).rejects.toBe(full);
  expect(asked).toEqual([1n, 2n]);
});
