import { afterEach, describe, expect, it } from 'vitest';
import { armFailpoint, type ArmedFailpoint } from '../../../src/service/index.ts';
import { anyMajor, expectSameRows, postgres } from '../../kit/index.ts';
import { CopyScene } from './scene.ts';

const sql = `
  CREATE TABLE big (id int PRIMARY KEY, note text, other int);
  CREATE INDEX big_note ON big (note);
  CREATE TABLE small (id int PRIMARY KEY, note text)`;

const rows = `
  INSERT INTO big SELECT i, repeat('x', 100) || i, i FROM generate_series(1, 3000) i;
  INSERT INTO small SELECT i, 'n' FROM generate_series(1, 10) i`;

/** `big` has half a dozen ranges of this size. */
const rangeBytes = 65_536;

/** What is committed without waiting stays in memory until somebody waits. */
const slowToDisk = { wal_writer_delay: '10s', wal_writer_flush_after: '1GB', wal_buffers: '16MB' };

describe('a crash of the target takes back what was not on its disk yet', () => {
  const source = postgres();
  const target = postgres(anyMajor, slowToDisk);
  const armed: ArmedFailpoint[] = [];
  afterEach(() => {
    for (const failpoint of armed.splice(0)) failpoint.release();
  });

  it.each([
    ['copy.after-drop', 1],
    ['copy.range.before-commit', 2],
    ['copy.range.before-commit', 4],
    ['copy.range.after-commit', 3],
    ['copy.table.before-receipt', 1],
    ['copy.table.before-receipt', 2],
    ['copy.index.before-restore', 1],
    ['copy.index.before-restore', 2],
    ['copy.index.before-restore', 3],
    ['copy.index.after-restore', 1],
    ['copy.index.after-restore', 2],
  ] as const)('and the copy misses none of it: at %s (%i)', async (name, at) => {
    const scene = await CopyScene.make({ source, target, sql, rows });
    const before = await scene.objects();
    await target.query('CHECKPOINT');
    const held = armFailpoint(name, 'hold', at);
    armed.push(held);

    const copy = scene.copy({ rangeBytes, jobs: 1 });
    await Promise.race([held.reached, copy]);
    await target.local.stop('immediate');
    await target.local.start();
    held.release();
    await copy;

    await expectSameRows(scene.source, scene.target, ['big', 'small']);
    expect(await scene.objects()).toEqual(before);
    expect(
      await scene.target.rows('SELECT table_name, state FROM sluice.pipeline_table ORDER BY 1'),
    ).toEqual([
      { table_name: 'big', state: 'ready' },
      { table_name: 'small', state: 'ready' },
    ]);
  });
});
