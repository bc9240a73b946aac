import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Replication } from '../../../src/replicate/index.ts';
import { armFailpoint } from '../../../src/service/index.ts';
import {
  anyMajor,
  crashSluice,
  postgres,
  startSluice,
  temporaryFolder,
  waitFor,
  within,
} from '../../kit/index.ts';
import { bank, structure, type Scene } from './scene.ts';
import { Writer } from './writer.ts';

const source = postgres(anyMajor, { logical_decoding_work_mem: '64kB' });
const target = postgres(anyMajor);

/** What a pipeline must not leave behind once it is dropped (P11). */
async function expectNothingLeft(scene: Scene, before: readonly string[]): Promise<void> {
  expect(await scene.here.leaks()).toEqual([]);
  expect(await scene.there.leaks()).toEqual([]);
  expect(await scene.there.rows('SELECT name FROM sluice.pipeline')).toEqual([]);
  expect(await scene.there.rows(`SELECT FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
  expect(await structure(scene.there)).toEqual(before);
}

const phases = [
  'replicate.slot.created',
  'replicate.slot.before-start',
  'copy.before-drop',
  'copy.after-drop',
  'copy.range.before-commit',
  'copy.index.before-restore',
  'apply.before-commit',
];

/** Told to stop while it is there. */
async function stoppedAt(failpoint: string, scene: Scene): Promise<Replication> {
  const held = armFailpoint(failpoint, 'hold');
  const pipeline = scene.pipeline();
  pipeline.start();
  await within(failpoint, held.reached);
  const stopped = pipeline.stop();
  held.release();
  await within('the pipeline to stop', stopped);
  return pipeline;
}

describe('a stop at any phase', () => {
  test.each(phases)('at %s: ends cleanly, and drop leaves nothing', async (failpoint) => {
    const directory = temporaryFolder();
    const scene = await bank(source, target, { spill: { directory } });
    const before = await structure(scene.there);
    const writer = Writer.start(scene.here);
    const pipeline = await stoppedAt(failpoint, scene);
    await pipeline.finished;
    await writer.stop();
    expect(pipeline.status().phase).toBe('stopped');
    expect(readdirSync(directory)).toEqual([]);
    await scene.drop();
    await expectNothingLeft(scene, before);
  });

  test.each(['replicate.slot.created', 'copy.after-drop', 'copy.index.before-restore'])(
    'at %s, and the next start goes on',
    async (failpoint) => {
      const scene = await bank(source, target);
      const before = await structure(scene.there);
      const writer = Writer.start(scene.here);
      await stoppedAt(failpoint, scene);
      await writer.stop();
      await scene.settles();
      expect(await structure(scene.there)).toEqual(before);
    },
  );

  test('SIGTERM of the command line while copying and while following', async () => {
    const directory = temporaryFolder();
    const scene = await bank(source, target);
    const writer = Writer.start(scene.here);
    const isBegun = [
      `SELECT FROM sluice.pipeline_table WHERE state = 'copying' OR state = 'ready'`,
      `SELECT FROM moves WHERE n >= 10000`,
    ];
    for (const sql of isBegun) {
      const sluice = startSluice(scene.args('--spill-dir', directory));
      await waitFor('the pipeline to be at work', async () => {
        const { activePid } = await scene.slot().catch(() => ({ activePid: null }));
        const rows = await scene.there.rows(sql).catch(() => []);
        return activePid !== null && rows.length > 0;
      });
      expect(await sluice.stop()).toMatchObject({ exitCode: 0, signal: null });
      expect(readdirSync(directory)).toEqual([]);
    }
    await writer.stop();
    await scene.settles();
  });
});

describe('drop after a crash', () => {
  test.each([
    'replicate.slot.created',
    'copy.after-drop',
    'copy.range.after-commit',
    'copy.index.before-restore',
    'apply.after-commit',
  ])('at %s leaves nothing, and gives back what was dropped', async (failpoint) => {
    const scene = await bank(source, target, { mayLeak: true });
    const before = await structure(scene.there);
    const writer = Writer.start(scene.here);
    await crashSluice(scene.args(), failpoint);
    await writer.stop();
    const removed = await scene.drop();
    expect(removed.some((line) => line.startsWith('slot '))).toBe(true);
    await expectNothingLeft(scene, before);
    expect(await scene.drop()).toEqual([]);
  });
});
