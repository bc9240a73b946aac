import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { alignSnapshots } from '../../src/replicate/compare/align.ts';
import { SnapshotPool } from '../../src/replicate/compare/snapshot-pool.ts';
import { openSlotSnapshot } from '../../src/replicate/compare/slot-snapshot.ts';
import { Lane } from '../../src/replicate/copy/lane.ts';
import { SharedSnapshot } from '../../src/replicate/copy/snapshot.ts';
import { follow, followInto } from '../../src/replicate/index.ts';
import { createSlotSnapshot } from '../../src/replicate/source/slot.ts';
import { silentLog, silentProgress } from '../../src/service/index.ts';
import { parseConnection } from '../../src/session/index.ts';
import { lsn } from '../../src/wire/index.ts';
import { anyMajor, postgres } from '../kit/index.ts';

const server = postgres(anyMajor);
const { signal } = new AbortController();
const nothing = async (): Promise<void> => undefined;

/** Two databases on ports where nobody listens. */
async function nobody(): Promise<{ url: string; source: Target; target: Target }> {
  const port = await freePort();
  const at = (name: string): string => `postgres://sluice:secret@127.0.0.1:${port}/${name}`;
  return {
    url: at('here'),
    source: parseConnection(at('here')),
    target: parseConnection(at('there')),
  };
}

type Target = ReturnType<typeof parseConnection>;

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const unreachable = (side: 'source' | 'target', database: string): RegExp =>
  new RegExp(`the ${side} postgres://sluice:\\*\\*\\*@127\\.0\\.0\\.1:\\d+/${database}`);

const fromSource = unreachable('source', 'here');
const fromTarget = unreachable('target', 'there');

test('a copy says which side it cannot reach', async () => {
  const { source, target } = await nobody();
  const lane = new Lane({ source, target, jobs: 1, signal });
  await expect(lane.source).rejects.toThrow(fromSource);
  await expect(lane.target).rejects.toThrow(fromTarget);
  const shared = new SharedSnapshot({
    source,
    target,
    owner: { name: 'test', epoch: 1n },
    tables: [],
    snapshot: { name: 'none', lsn: lsn(0n) },
    snapshotLost: signal,
    jobs: 1,
    log: silentLog,
    progress: silentProgress,
    signal,
  });
  await expect(shared.measure([])).rejects.toThrow(fromSource);
  const noSlots = { query: async () => ({ rows: [], rowCount: 0 }) };
  const slot = { slot: 'none', temporary: true, log: silentLog, signal };
  await expect(createSlotSnapshot(source, noSlots, slot)).rejects.toThrow(fromSource);
});

test('a comparison says which side it cannot reach', async () => {
  const { source, target } = await nobody();
  const here = await server.database();
  const place = { snapshot: 'none' };
  const pools = [
    new SnapshotPool('source', { ...place, target: source }, 1, signal),
    new SnapshotPool('target', { ...place, target }, 1, signal),
  ];
  await expect(pools[0]!.run(nothing)).rejects.toThrow(fromSource);
  await expect(pools[1]!.run(nothing)).rejects.toThrow(fromTarget);
  await expect(openSlotSnapshot({ source, patienceMs: 1000, signal })).rejects.toThrow(fromSource);
  const options = { source, target, pipeline: null, log: silentLog, signal };
  await expect(alignSnapshots(options)).rejects.toThrow(fromSource);
  const halfThere = { ...options, source: parseConnection(here.url) };
  await expect(alignSnapshots(halfThere)).rejects.toThrow(fromTarget);
  const pipeline = { name: 'test', isRunning: async () => true, advanceTo: nothing };
  await expect(alignSnapshots({ ...halfThere, pipeline })).rejects.toThrow(fromTarget);
});

test('following says which side it cannot reach', async () => {
  const { url } = await nobody();
  const here = await server.database();
  const options = { source: url, positions: here.url, name: 'test' };
  await expect(follow(options).next()).rejects.toThrow(fromSource);
  await expect(followInto(options, nothing)).rejects.toThrow(fromSource);
  const other = { ...options, source: here.url, positions: url };
  await expect(follow(other).next()).rejects.toThrow(unreachable('target', 'here'));
});
