import { expect, test } from 'vitest';
import { workThrough } from '../../../src/replicate/copy/crew.ts';
import type { Lane } from '../../../src/replicate/copy/lane.ts';
import { WorkQueue } from '../../../src/replicate/copy/work-queue.ts';
import { silentLog } from '../../../src/service/index.ts';
import { parseConnection } from '../../../src/session/index.ts';
import { within } from '../../kit/index.ts';

test('a crew that is stopped before it begins goes home, those without a task too', async () => {
  const queue = new WorkQueue<Lane>();
  queue.push('restore', { what: 'nothing', run: async () => undefined });
  const stopped = new Error('stopped');
  const target = parseConnection('postgres://nobody@localhost/none');
  const signal = AbortSignal.abort(stopped);
  const work = workThrough(queue, { source: null, target, jobs: 2, log: silentLog, signal });
  await expect(within('the crew to end', work, 2_000)).rejects.toBe(stopped);
});
