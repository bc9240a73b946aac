import { expect, test } from 'vitest';
import { onOneLane, workThrough } from '../../../src/replicate/copy/crew.ts';
import type { Lane } from '../../../src/replicate/copy/lane.ts';
import { WorkQueue } from '../../../src/replicate/copy/work-queue.ts';
import { silentLog } from '../../../src/service/index.ts';
import { parseConnection } from '../../../src/session/index.ts';
import { postgres, startProxy, within } from '../../kit/index.ts';
import { answerDelayMs, fallSilent } from '../fall-silent.ts';

test('a crew that is stopped before it begins goes home, those without a task too', async () => {
  const queue = new WorkQueue<Lane>();
  queue.push('restore', { what: 'nothing', run: async () => undefined });
  const stopped = new Error('stopped');
  const target = parseConnection('postgres://nobody@localhost/none');
  const signal = AbortSignal.abort(stopped);
  const work = workThrough(queue, { source: null, target, jobs: 2, log: silentLog, signal });
  await expect(within('the crew to end', work, 2_000)).rejects.toBe(stopped);
});

const server = postgres();

test.each([1, 2, 3, 4, 5])(
  'a crew that is stopped while a server does not answer its words goes home (%i)',
  async (count) => {
    const database = await server.database();
    const proxy = await startProxy({ port: server.port });
    const target = parseConnection(`${proxy.url(database.url)}?sslmode=disable`);
    const stop = new AbortController();
    const stopped = new Error('stopped');
    proxy.toClient.delayMs = answerDelayMs;
    const options = { source: null, target, jobs: 1, log: silentLog, signal: stop.signal };
    const work = onOneLane(options, 'nothing', async (lane) => void (await lane.target));
    await fallSilent(proxy, count);
    stop.abort(stopped);
    await expect(within('the crew to end', work, 5_000)).rejects.toBe(stopped);
  },
);
