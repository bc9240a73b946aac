import { describe, expect, test } from 'vitest';
import { compareReplication } from '../../../src/replicate/index.ts';
import { Metrics, silentLog, silentProgress } from '../../../src/service/index.ts';
import { anyMajor, expectSameRows, postgres, waitFor } from '../../kit/index.ts';
import { bank, type Scene } from './scene.ts';
import { Writer } from './writer.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

async function compare(scene: Scene, segmentChanges: number): Promise<boolean> {
  const report = await compareReplication(
    {
      source: scene.here.url,
      target: scene.there.url,
      name: 'test',
      tablesWithoutKey: 'insert_only',
      applyLimits: { segmentChanges },
    },
    {
      log: silentLog,
      metrics: new Metrics(),
      progress: silentProgress,
      signal: new AbortController().signal,
    },
  );
  return report.equal;
}

describe('comparing a pipeline that nobody runs, under a source that is written to', () => {
  test.each([20, 50_000])(
    'ends, and is equal, with segments of %i changes',
    async (segmentChanges) => {
      const scene = await bank(source, target);
      await scene.once();
      const writer = Writer.start(scene.here);
      for (let i = 0; i < 2; i++) {
        await writer.writes(15);
        expect(await compare(scene, segmentChanges)).toBe(true);
      }
      await writer.stop();
      await scene.settles();
    },
  );
});

test('a comparison that was killed while it held apply does not hold it any longer', async () => {
  const scene = await bank(source, target);
  const pipeline = await scene.follow();
  const holder = await scene.there.client();
  holder.on('error', () => undefined);
  await holder.query(`SELECT sluice.hold('test', NULL)`);
  await scene.here.query(`INSERT INTO moves VALUES (1, 1, 'held')`);
  const pid = (await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  await scene.there.query(`SELECT pg_terminate_backend(${pid})`);
  await waitFor('what was held', async () => {
    const rows = await scene.there.rows(`SELECT FROM moves WHERE note = 'held'`);
    return rows.length === 1;
  });
  await scene.arrives(pipeline);
  await expectSameRows(scene.here, scene.there);
  await pipeline.stop();
});
