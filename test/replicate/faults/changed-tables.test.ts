import { describe, expect, test } from 'vitest';
import type { Replication } from '../../../src/replicate/index.ts';
import { anyMajor, expectSameRows, postgres } from '../../kit/index.ts';
import { bank, Scene } from './scene.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

/** Nothing is left of the copy, and no idle write moves the position. */
async function following(scene: Scene): Promise<Replication> {
  await scene.once();
  return await scene.follow({ applyLimits: { idleWriteMs: 100_000 } });
}

/** Follows, changes the source, and expects the stop that promise 3 asks for. */
async function stopsAt(scene: Scene, change: string, code: string | RegExp): Promise<void> {
  const pipeline = await following(scene);
  await scene.here.query(`INSERT INTO cards VALUES (500001, 1, 'before')`);
  await scene.arrives(pipeline);
  const position = await scene.position();
  await scene.here.query(change);
  const error: unknown = await pipeline.finished.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: expect.stringMatching(code) });
  expect(String(error)).toMatch(/start again|then start|sluice check/);
  const stoppedAt = await scene.position();
  // What came before the change may have arrived; the change itself, and what is behind it, must not.
  expect(await scene.there.value(`SELECT '${stoppedAt}'::pg_lsn >= '${position}'::pg_lsn`)).toBe(
    true,
  );
  expect(await scene.there.value(`SELECT count(*)::int FROM cards WHERE id >= 600000`)).toBe(0);
}

const sourceChanges: [string, string, string][] = [
  [
    'a column added',
    'ALTER TABLE cards ADD COLUMN extra int',
    `INSERT INTO cards VALUES (600001, 1, 'after', 7)`,
  ],
  [
    'a type changed',
    'ALTER TABLE cards ALTER COLUMN note TYPE int USING length(note)',
    `INSERT INTO cards VALUES (600001, 1, 7)`,
  ],
  [
    'a column renamed',
    'ALTER TABLE cards RENAME COLUMN note TO remark',
    `INSERT INTO cards VALUES (600001, 1, 'after')`,
  ],
];

describe('a table of the source changed under us', () => {
  test.each(sourceChanges)(
    '%s: stops, and goes on after the same change on the target',
    async (_what, ddl, write) => {
      const scene = await bank(source, target);
      await stopsAt(scene, `${ddl}; ${write}`, /^REPLICATE_TABLE_CHANGED$/);
      // Started again without the remedy, it does not go on either.
      expect(await scene.refused()).toMatchObject({
        code: expect.stringMatching(/^REPLICATE_(?:BLOCKED|TABLE_CHANGED)$/),
      });
      await scene.there.query(ddl);
      await scene.settles();
    },
  );

  test('a table renamed: stops, and goes on once it is called as before', async () => {
    const scene = await bank(source, target);
    await stopsAt(
      scene,
      `ALTER TABLE cards RENAME TO passes; INSERT INTO passes VALUES (600001, 1, 'after')`,
      /^REPLICATE_/,
    );
    await scene.here.query('ALTER TABLE passes RENAME TO cards');
    await scene.settles();
  });

  test('a table that was dropped and made again: stops, since rows are missed', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await scene.here.query(
      `DROP TABLE cards; CREATE TABLE cards (id int PRIMARY KEY, account int REFERENCES accounts, note text);
       INSERT INTO cards VALUES (600001, 1, 'in no publication')`,
    );
    const error = await scene.refused();
    expect(error).toMatchObject({ code: 'REPLICATE_TABLE_REPLACED' });
    expect(error.message).toMatch(/public\.cards.*drop.*copy/s);
    // Not made good by starting once more.
    expect(await scene.refused()).toMatchObject({ code: 'REPLICATE_TABLE_REPLACED' });
    await scene.drop();
    await scene.there.query('TRUNCATE accounts, moves, cards, days');
    await scene.settles();
  });

  test('two tables that exchange their names: stops, also at the next start', async () => {
    const scene = await bank(source, target);
    const both = async (sql: string): Promise<void> => {
      await scene.here.query(sql);
      await scene.there.query(sql);
    };
    await both('CREATE TABLE tickets (id int PRIMARY KEY, account int, note text)');
    const pipeline = await following(scene);
    await scene.here.query(
      `ALTER TABLE cards RENAME TO swap; ALTER TABLE tickets RENAME TO cards; ALTER TABLE swap RENAME TO tickets;
       INSERT INTO cards VALUES (600001, 1, 'was tickets')`,
    );
    await expect(pipeline.finished).rejects.toMatchObject({ code: 'REPLICATE_TABLE_REPLACED' });
    expect(await scene.refused()).toMatchObject({ code: 'REPLICATE_TABLE_REPLACED' });
    expect(await scene.there.value(`SELECT count(*)::int FROM cards WHERE id = 600001`)).toBe(0);
    expect(await scene.there.value('SELECT count(*)::int FROM tickets')).toBe(0);
  });

  test('a column dropped: the target keeps it, empty where rows are new', async () => {
    const scene = await bank(source, target);
    const pipeline = await scene.follow();
    await scene.here.query(
      `ALTER TABLE cards DROP COLUMN note; INSERT INTO cards VALUES (600001, 1)`,
    );
    const outcome = await Promise.race([
      scene.arrives(pipeline).then(() => 'arrived'),
      pipeline.finished.catch((error: unknown) => error),
    ]);
    if (outcome === 'arrived') {
      expect(await scene.there.rows('SELECT id, note FROM cards WHERE id = 600001')).toEqual([
        { id: 600_001, note: null },
      ]);
    } else expect(outcome).toMatchObject({ code: expect.stringMatching(/^REPLICATE_/) });
    await pipeline.stop().catch(() => undefined);
    await scene.there.query('ALTER TABLE cards DROP COLUMN note');
    await scene.settles();
  });

  test('a change within a transaction that also writes before it', async () => {
    const scene = await bank(source, target);
    await stopsAt(
      scene,
      `BEGIN; INSERT INTO cards VALUES (600001, 1, 'before'); ALTER TABLE cards ADD COLUMN extra int;
       INSERT INTO cards VALUES (600002, 1, 'after', 1); COMMIT`,
      /^REPLICATE_TABLE_CHANGED$/,
    );
    await scene.there.query('ALTER TABLE cards ADD COLUMN extra int');
    await scene.settles();
  });
});

describe('a table of the target changed under us', () => {
  test.each([
    ['dropped', 'ALTER TABLE cards RENAME TO hidden', 'ALTER TABLE hidden RENAME TO cards'],
    [
      'without a column',
      'ALTER TABLE cards RENAME COLUMN note TO hidden',
      'ALTER TABLE cards RENAME COLUMN hidden TO note',
    ],
    ['with another type', 'ALTER TABLE cards ALTER note TYPE int USING length(note)', null],
  ])('%s: stops, position untouched; goes on when it is as it was', async (_what, ddl, back) => {
    const scene = await bank(source, target);
    const pipeline = await following(scene);
    const position = await scene.position();
    await scene.there.query(ddl);
    await scene.here.query(`INSERT INTO cards VALUES (600001, 1, 'after')`);
    const error: unknown = await pipeline.finished.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'APPLY_FAILED' });
    expect(String(error)).toMatch(/cards/);
    expect(await scene.position()).toBe(position);
    if (back === null) return;
    await scene.there.query(back);
    await scene.settles();
  });
});

describe('rows that the target refuses', () => {
  test('a constraint that only the target has: named, position untouched, goes on after the repair', async () => {
    const scene = await bank(source, target);
    const pipeline = await following(scene);
    await scene.there.query(`ALTER TABLE cards ADD CONSTRAINT polite CHECK (note <> 'rude')`);
    const position = await scene.position();
    await scene.here.query(
      `BEGIN; INSERT INTO cards VALUES (600001, 1, 'fine'); INSERT INTO cards VALUES (600002, 1, 'rude'); COMMIT`,
    );
    const error: unknown = await pipeline.finished.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'APPLY_FAILED',
      details: { change: 2, sqlstate: '23514' },
    });
    expect(String(error)).toMatch(/change 2 of transaction \d+ \(INSERT on public\.cards/);
    expect(String(error)).not.toContain('rude');
    expect(await scene.position()).toBe(position);
    expect(await scene.there.value('SELECT count(*)::int FROM cards WHERE id > 600000')).toBe(0);
    expect(await scene.refused()).toMatchObject({ code: 'APPLY_FAILED' });
    await scene.there.query('ALTER TABLE cards DROP CONSTRAINT polite');
    await scene.settles();
  });

  test('the same in a large batch and in a transaction of several segments', async () => {
    for (const segmentChanges of [50_000, 200]) {
      const scene = await bank(source, target);
      await scene.once();
      await scene.there.query(`ALTER TABLE cards ADD CONSTRAINT polite CHECK (note <> 'rude')`);
      const position = await scene.position();
      await scene.here.query(
        `INSERT INTO cards SELECT 600000 + g, 1, CASE g WHEN 777 THEN 'rude' ELSE 'fine' END FROM generate_series(1, 1000) g`,
      );
      const error = await scene.refused({ applyLimits: { segmentChanges } });
      expect(error).toMatchObject({
        code: 'APPLY_FAILED',
        details: { change: 777, table: 'public.cards' },
      });
      expect(await scene.position()).toBe(position);
      await scene.there.query('ALTER TABLE cards DROP CONSTRAINT polite');
      await scene.settles({ applyLimits: { segmentChanges } });
    }
  });

  test('a row that is missing on the target', async () => {
    const scene = await bank(source, target);
    const pipeline = await following(scene);
    await scene.there.query('DELETE FROM cards WHERE id = 17');
    const position = await scene.position();
    await scene.here.query(`UPDATE cards SET note = 'new' WHERE id IN (16, 17)`);
    const error: unknown = await pipeline.finished.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'APPLY_ROW_MISSING',
      details: { table: 'public.cards', found: '0' },
    });
    expect(await scene.position()).toBe(position);
    await scene.there.query(`INSERT INTO cards SELECT 17, 18, 'card'`);
    await scene.settles();
    expect(await expectSameRows(scene.here, scene.there)).toBeUndefined();
  });
});
