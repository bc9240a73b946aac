import { expect, test } from 'vitest';
import { nearestName } from '../../src/service/index.ts';

test.each([
  ['copy_job', 'copy_jobs'],
  ['cpoy_jobs', 'copy_jobs'],
  ['tabels', 'tables'],
  ['spil', 'spill'],
  ['spill_directory', undefined],
  ['listen', undefined],
])('%s is near %s', (name, nearest) => {
  expect(
    nearestName(name, ['tables', 'copy_jobs', 'spill', 'spill_dir', 'synchronous_commit']),
  ).toBe(nearest);
});

test('nothing is near to nothing', () => {
  expect(nearestName('x', [])).toBeUndefined();
});
