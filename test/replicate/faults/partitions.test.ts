import { describe, expect, test } from 'vitest';
import { armFailpoint } from '../../../src/service/index.ts';
import { anyMajor, expectSameRows, postgres, waitFor, within } from '../../kit/index.ts';
import { bank, type Scene } from './scene.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

const tables = ['accounts', 'moves', 'cards', 'days'];

/** Until the rows of `days` are the same on both sides: the pipeline may start again in between. */
async function daysArrive(scene: Scene): Promise<void> {
  const sum = 'SELECT count(*)::int AS n, sum(hashtext(row(days.*)::text))::text AS sum FROM days';
  const wanted = await scene.here.rows(sum);
  await waitFor(
    'days to be equal',
    async () => {
      const found = await scene.there.rows(sum);
      return JSON.stringify(found) === JSON.stringify(wanted);
    },
    { timeoutMs: 40_000, everyMs: 100 },
  );
}

describe('partitions change while they are followed', () => {
  test('one is made, written to, detached, attached again, truncated', async () => {
    const scene = await bank(source, target);
    const pipeline = await scene.follow();
    const both = async (sql: string): Promise<void> => {
      await scene.there.query(sql);
      await scene.here.query(sql);
    };
    // Made on the target first, as one does; then on the source, with rows at once.
    await both('CREATE TABLE days_more PARTITION OF days FOR VALUES FROM (10) TO (20)');
    await scene.here.query(
      `INSERT INTO days SELECT 100000 + g, 10 + g % 10, 'more' FROM generate_series(1, 3000) g`,
    );
    await scene.here.query(`INSERT INTO days VALUES (999999, 1, 'low')`);
    await daysArrive(scene);

    await scene.here.query(
      `UPDATE days SET note = 'moved', day = 3 WHERE note = 'more' AND id <= 100010`,
    );
    await daysArrive(scene);

    await scene.here.query('TRUNCATE days_more');
    await daysArrive(scene);

    await scene.here.query('ALTER TABLE days DETACH PARTITION days_high');
    await scene.here.query(`INSERT INTO days VALUES (888888, 2, 'still followed')`);
    await waitFor(
      'what is written to both',
      async () => {
        const rows = await scene.there.rows(`SELECT FROM days WHERE note = 'still followed'`);
        return rows.length === 1;
      },
      { timeoutMs: 40_000 },
    );
    await scene.here.query(
      'ALTER TABLE days ATTACH PARTITION days_high FOR VALUES FROM (5) TO (10)',
    );
    await scene.here.query(`INSERT INTO days VALUES (888889, 6, 'back')`);
    await daysArrive(scene);
    await expectSameRows(scene.here, scene.there, tables);
    expect(pipeline.status().phase).not.toBe('stopped');
    await pipeline.stop();
    await scene.once();
    await expectSameRows(scene.here, scene.there, tables);
  });

  test('one is made, written to and dropped, or detached, before it is read', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await scene.here.query(
      `CREATE TABLE days_brief PARTITION OF days FOR VALUES FROM (10) TO (20);
       INSERT INTO days SELECT 100000 + g, 10 + g % 10, 'brief' FROM generate_series(1, 100) g`,
    );
    await scene.here.query('DROP TABLE days_brief');
    await scene.here.query(
      `CREATE TABLE days_apart PARTITION OF days FOR VALUES FROM (20) TO (30);
       INSERT INTO days SELECT 100000 + g, 20 + g % 10, 'apart' FROM generate_series(1, 100) g`,
    );
    await scene.here.query(
      `ALTER TABLE days DETACH PARTITION days_apart; INSERT INTO days VALUES (999999, 1, 'behind')`,
    );
    await scene.once({ tables: ['public.*', '!public.days_apart'] });
    await expectSameRows(scene.here, scene.there, tables);
  });

  test('a table with rows is attached as a partition', async () => {
    const scene = await bank(source, target);
    const pipeline = await scene.follow();
    await scene.there.query('CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (-10) TO (0)');
    await scene.here.query(
      `CREATE TABLE days_old (id int, day int, note text, PRIMARY KEY (id, day));
       INSERT INTO days_old SELECT g, -1 - g % 9, 'old' FROM generate_series(1, 2000) g;
       ALTER TABLE days ATTACH PARTITION days_old FOR VALUES FROM (-10) TO (0)`,
    );
    await scene.here.query(`INSERT INTO days VALUES (5, -5, 'new in old')`);
    await daysArrive(scene);
    await pipeline.stop();
    await scene.settles();
  });

  test('one made while the copy runs', async () => {
    const scene = await bank(source, target);
    await scene.there.query(
      'CREATE TABLE days_more PARTITION OF days FOR VALUES FROM (10) TO (20)',
    );
    const held = armFailpoint('copy.range.after-commit', 'hold');
    const pipeline = scene.pipeline();
    pipeline.start();
    await within('the copy', held.reached);
    await scene.here.query('CREATE TABLE days_more PARTITION OF days FOR VALUES FROM (10) TO (20)');
    await scene.here.query(
      `INSERT INTO days SELECT 100000 + g, 10 + g % 10, 'more' FROM generate_series(1, 3000) g`,
    );
    held.release();
    await daysArrive(scene);
    await pipeline.stop();
    await scene.settles();
  });
});
