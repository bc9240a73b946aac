import { expect, test } from 'vitest';
import { openConnections } from '../../src/replicate/connections.ts';
import { silentLog } from '../../src/service/index.ts';
import { anyMajor, postgres, startProxy, within } from '../kit/index.ts';
import { answerDelayMs, fallSilent } from './fall-silent.ts';

const server = postgres(anyMajor);

test.each([1, 2, 3, 4, 5, 6, 7])(
  'a pipeline that is stopped while its target does not answer its words is stopped (%i)',
  async (count) => {
    const [source, target] = [await server.database(), await server.database()];
    const proxy = await startProxy({ port: server.port });
    const stop = new AbortController();
    const stopped = new Error('stopped');
    proxy.toClient.delayMs = answerDelayMs;
    const opening = openConnections({
      source: source.url,
      target: `${proxy.url(target.url)}?sslmode=disable`,
      name: 'test',
      synchronousCommit: 'off',
      log: silentLog,
      signal: stop.signal,
      onStandby: () => undefined,
    });
    await fallSilent(proxy, count);
    stop.abort(stopped);
    await expect(within('the end', opening, 5_000)).rejects.toBe(stopped);
  },
);
