import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { armFailpoint } from '../../../src/service/index.ts';
import {
  anyMajor,
  crashSluice,
  expectSameRows,
  postgres,
  temporaryFolder,
  waitFor,
  within,
} from '../../kit/index.ts';
import { bank, type Scene } from './scene.ts';
import { Writer } from './writer.ts';

const source = postgres(anyMajor, { logical_decoding_work_mem: '64kB' });
const target = postgres(anyMajor);

/** Some megabytes that do not compress, in one transaction. */
async function large(scene: Scene, rows = 3_000): Promise<void> {
  await scene.here.query(
    `INSERT INTO moves SELECT g, 1, (SELECT string_agg(md5(random()::text || g || i), '') FROM generate_series(1, 30) i)
       FROM generate_series(1, ${rows}) g`,
  );
}

describe('a streamed transaction that the spill has no room for', () => {
  test('stops the pipeline with the reason, the position untouched, and goes on with more room', async () => {
    const directory = temporaryFolder();
    const scene = await bank(source, target);
    await scene.once();
    const before = await scene.position();
    await large(scene);
    const error = await scene.refused({ spill: { directory, maxBytes: 500_000 } });
    expect(error).toMatchObject({ code: 'STREAM_SPILL_FULL' });
    expect(error.message).toMatch(/free space there or raise/);
    expect(await scene.position()).toBe(before);
    expect(readdirSync(directory)).toEqual([]);
    await scene.settles({ spill: { directory, maxBytes: 50_000_000 } });
  });

  test('the same when the disk refuses a write', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await large(scene);
    const failing = armFailpoint('spill.write', 'throw', 2);
    expect(await scene.refused()).toMatchObject({ code: 'STREAM_SPILL_FULL' });
    await failing.reached;
    await scene.settles();
  });

  test('the same on a disk that is really full', async ({ skip }) => {
    const directory = temporaryFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]);
    if (mounted.status !== 0) skip('a small tmpfs cannot be mounted here');
    onTestFinished(() => void spawnSync('umount', [directory]));
    const scene = await bank(source, target);
    await scene.once();
    await large(scene);
    expect(await scene.refused({ spill: { directory } })).toMatchObject({
      code: 'STREAM_SPILL_FULL',
    });
    spawnSync('mount', ['-o', 'remount,size=50m', directory]);
    await scene.settles({ spill: { directory } });
  });
});

describe('changes that wait for a copy', () => {
  test('are spilled, and when the spill is full held back, and arrive all the same', async () => {
    const directory = temporaryFolder();
    const scene = await bank(source, target, { spill: { directory, maxBytes: 600_000 } });
    const held = armFailpoint('copy.range.before-commit', 'hold');
    const pipeline = scene.pipeline();
    pipeline.start();
    await within('the copy', held.reached);
    // Each too small to be streamed alone: what waits is the queue. Beyond the 32 MB it holds in memory.
    for (let i = 0; i < 60; i++)
      await scene.here.query(
        `INSERT INTO moves SELECT g, ${i}, repeat(md5(g::text), 120) FROM generate_series(1, 200) g`,
      );
    await waitFor('the spill to be in use', () =>
      readdirSync(directory, { recursive: true }).some((name) => String(name).endsWith('.spill')),
    );
    held.release();
    await pipeline.ready;
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    await pipeline.stop();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('transactions that are streamed before they end', () => {
  test('what was rolled back to a savepoint, or altogether, does not arrive', async () => {
    const scene = await bank(source, target);
    await scene.once();
    const client = await scene.here.client();
    const big = (note: string, account: number) =>
      client.query(
        `INSERT INTO moves SELECT g, ${account}, '${note}' || md5(g::text) FROM generate_series(1, 8000) g`,
      );
    await client.query('BEGIN');
    await big('kept', 1);
    await client.query('SAVEPOINT a');
    await big('undone', 2);
    await client.query('SAVEPOINT b');
    await big('undone', 3);
    await client.query('ROLLBACK TO a');
    await big('kept', 4);
    await client.query('SAVEPOINT c');
    await big('kept', 5);
    await client.query('RELEASE c');
    // Streams of other transactions come in between.
    const other = await scene.here.client();
    await other.query('BEGIN');
    await other.query(
      `INSERT INTO moves SELECT g, 6, 'undone' || g FROM generate_series(1, 9000) g`,
    );
    await big('kept', 7);
    await other.query('ROLLBACK');
    await client.query('COMMIT');
    await scene.settles();
    const rows = await scene.there.rows(
      `SELECT account, count(*)::int AS n FROM moves WHERE note ~ '^(kept|undone)' GROUP BY 1 ORDER BY 1`,
    );
    expect(rows).toEqual([1, 4, 5, 7].map((account) => ({ account, n: 8000 })));
  });
});

describe('what a killed process left in the spill folder', () => {
  test('is swept at the next start, what others use stays', async () => {
    const directory = temporaryFolder();
    const scene = await bank(source, target, { mayLeak: true });
    await scene.once();
    await large(scene);
    await crashSluice(scene.args('--spill-dir', directory), 'spill.write', {
      failpoints: { 'spill.write': 'kill@2' },
    });
    const [left] = readdirSync(directory);
    expect(left).toMatch(/^sluice-spill-/);
    const others = join(directory, `sluice-spill-other-${process.pid}-x`);
    mkdirSync(others);
    const writer = Writer.start(scene.here);
    const pipeline = await scene.follow({ spill: { directory } });
    expect(existsSync(join(directory, left!))).toBe(false);
    await writer.stop();
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    await pipeline.stop();
    expect(readdirSync(directory)).toEqual([`sluice-spill-other-${process.pid}-x`]);
  });
});
