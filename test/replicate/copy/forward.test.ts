import { expect, test } from 'vitest';
import { forwardCopy } from '../../../src/replicate/copy/forward.ts';
import { Session } from '../../../src/session/index.ts';
import { anyMajor, postgres, startProxy, waitFor } from '../../kit/index.ts';

const server = postgres(anyMajor);
const rows = 400_000;

test('a target that takes nothing stops the source, and memory stays bounded (P8)', async () => {
  const database = await server.database('CREATE TABLE filled (n int, note text)');
  const proxy = await startProxy({ port: server.port });
  await using source = await Session.connect(database.url, { purpose: 'test' });
  await using target = await Session.connect(proxy.url(database.url), { purpose: 'test' });
  // Short rows: many in a read, and every read cuts one.
  const out = `COPY (SELECT n, repeat('x', 80) FROM generate_series(1, ${rows}) n) TO STDOUT`;
  let bytes = 0;
  const forwarded = forwardCopy(source, out, target, 'COPY public.filled FROM STDIN', (more) => {
    bytes += more;
  });
  await waitFor('some of it to go through', () => bytes > 1_000_000);
  proxy.toServer.stall();
  await waitFor('the source to stand still', async () => {
    const before = bytes;
    const [waits] = await server.query(
      `SELECT FROM pg_stat_activity WHERE pid = ${source.backendPid} AND wait_event = 'ClientWrite'`,
    );
    return waits !== undefined && bytes === before;
  });
  expect(bytes).toBeLessThan(30_000_000);
  proxy.toServer.resume();
  expect(await forwarded).toMatchObject({ sent: rows, kept: rows });
});
