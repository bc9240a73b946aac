import { describe, expect, test } from 'vitest';
import type { ReplicationOptions } from '../../../src/replicate/index.ts';
import {
  anyMajor,
  expectSameRows,
  postgres,
  startProxy,
  waitFor,
  type Proxy,
} from '../../kit/index.ts';
import { bank, Scene } from './scene.ts';
import { Writer } from './writer.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

interface Legs {
  readonly scene: Scene;
  readonly toSource: Proxy;
  readonly toTarget: Proxy;
  readonly through: Partial<ReplicationOptions>;
}

/** A bank whose pipeline reaches both servers through a bad network. */
async function legs(options: Partial<ReplicationOptions> = {}): Promise<Legs> {
  const straight = await bank(source, target);
  const toSource = await startProxy({ port: source.port });
  const toTarget = await startProxy({ port: target.port });
  const through = {
    source: toSource.url(straight.here.url),
    target: toTarget.url(straight.there.url),
    ...options,
  };
  return { scene: new Scene(straight.here, straight.there, through), toSource, toTarget, through };
}

describe('a connection cut in the middle of a message', () => {
  test.each(['toSource', 'toTarget'] as const)(
    '%s, again and again, while copying and following',
    async (leg) => {
      const all = await legs();
      const { scene } = all;
      const writer = Writer.start(scene.here);
      const pipeline = scene.pipeline();
      pipeline.start();
      const direction = leg === 'toSource' ? all.toSource.toClient : all.toTarget.toServer;
      // Odd counts: frames begin and end anywhere. Each attempt gets a little further.
      for (const bytes of [100_003, 250_007, 600_011]) {
        const before = direction.bytes;
        direction.cutAfter(bytes);
        await waitFor(`${bytes} bytes to be carried`, () => direction.bytes >= before + bytes, {
          timeoutMs: 30_000,
        });
      }
      await pipeline.ready;
      await writer.writes(20);
      direction.cutAfter(5_003);
      await writer.writes(20);
      await writer.stop();
      await scene.arrives(pipeline);
      await expectSameRows(scene.here, scene.there);
      await pipeline.stop();
    },
  );
});

describe('a network that carries nothing', () => {
  test('a target that stalls for 30 s costs the source no walsender and nothing is lost', async () => {
    const { scene, toTarget } = await legs({ applyLimits: { idleWriteMs: 200 } });
    const pipeline = await scene.follow();
    const { activePid } = await scene.slot();
    const writer = Writer.start(scene.here);
    toTarget.toServer.stall();
    const stalledAt = performance.now();
    await waitFor('30 s to pass', () => performance.now() - stalledAt > 30_000, {
      timeoutMs: 35_000,
      everyMs: 500,
    });
    expect((await scene.slot()).activePid).toBe(activePid);
    toTarget.toServer.resume();
    await writer.stop();
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    expect((await scene.slot()).activePid).toBe(activePid);
    await pipeline.stop();
  }, 90_000);

  test('a slow target holds the reader back, in bounded memory, and the walsender stays', async () => {
    const { scene, toTarget } = await legs();
    const pipeline = await scene.follow();
    const { activePid } = await scene.slot();
    // 120 MB in transactions of 2 MB: the queue in front of apply takes 32, two segments 16, sockets some.
    const { toServer } = toTarget;
    toServer.stall();
    for (let i = 0; i < 60; i++)
      await scene.here.query(
        `INSERT INTO moves SELECT g, ${i}, repeat('x', 1000) FROM generate_series(1, 2000) g`,
      );
    const sent = async () =>
      scene.here.value<number>(
        `SELECT (sent_lsn - '0/0')::float8 FROM pg_stat_replication WHERE pid = ${activePid}`,
      );
    const end = await scene.here.value<number>(
      `SELECT (pg_current_wal_flush_lsn() - '0/0')::float8`,
    );
    let last = -1;
    await waitFor(
      'the walsender to be held back',
      async () => {
        const now = await sent();
        const isStill = now === last;
        last = now;
        return isStill;
      },
      { everyMs: 700 },
    );
    expect(last).toBeLessThan(end);
    toServer.resume();
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    expect((await scene.slot()).activePid).toBe(activePid);
    await pipeline.stop();
  });

  test.each(['toSource', 'toTarget'] as const)(
    'a half-open connection %s is noticed in bounded time',
    async (leg) => {
      const all = await legs({ applyLimits: { idleWriteMs: 200 }, silenceLimitMs: 3_000 });
      const { scene } = all;
      const pipeline = await scene.follow();
      const writer = Writer.start(scene.here);
      await writer.writes(5);
      all[leg].loseServer();
      await writer.writes(20);
      await writer.stop();
      await scene.arrives(pipeline);
      await expectSameRows(scene.here, scene.there);
      await pipeline.stop();
    },
  );
});
