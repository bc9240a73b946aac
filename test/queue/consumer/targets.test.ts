import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { consumer, runConsumer } from '../../../src/queue/index.ts';
import { crashSluice, runSluice } from '../../kit/index.ts';
import { doneIn, oneOfEach, postgres, queueDatabase, schemas, targetDatabase } from './pgq.ts';

const mailer = fileURLToPath(new URL('mailer.ts', import.meta.url));

const writer = (kind: 'remote' | 'serial') =>
  consumer({
    queue: 'q',
    name: 'mailer',
    kind,
    async onEvent(event, tx) {
      if (event.data === 'bad') throw new Error('bad');
      await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
    },
  });

describe.each(schemas)(
  'a consumer that writes elsewhere, %s schema, PostgreSQL %i',
  (schema, major) => {
    const server = postgres(major);

    const scene = async (kind: 'remote' | 'serial') => {
      const [db, target] = [await queueDatabase(server, schema), await targetDatabase(server)];
      const run = () => runConsumer(writer(kind), { db: db.url, target: target.url, once: true });
      return { db, target, run };
    };

    test.each(['remote', 'serial'] as const)('of kind %s', async (kind) => {
      const { db, target, run } = await scene(kind);
      await run();
      await db.insert([
        ['t', 'a'],
        ['t', 'bad'],
        ['t', 'b'],
      ]);
      expect(await run()).toEqual({ batches: 1, events: 3, retried: 1, dead: 0 });
      expect(await doneIn(target)).toEqual(['a', 'b']);
    });

    test('compacts what it records in a target that nobody maintains', async () => {
      const { db, target, run } = await scene('remote');
      await run();
      await target.query(
        `do $$ begin
           for batch in 1 .. 10000 loop perform pgq_ext.set_batch_done('other', batch); end loop;
         end $$`,
      );
      const size = () => target.value("SELECT pg_table_size('pgq_ext.mark_log')::int");
      const before = Number(await size());
      await db.insert([['t', 'a']]);
      await run();
      expect(Number(await size())).toBeLessThan(before / 4);
      expect(await target.value("SELECT pgq_ext.is_batch_done('other', 10000)")).toBe(true);
    });

    test('goes on in a target where that cannot be done', async () => {
      const { db, target, run } = await scene('remote');
      await run();
      await target.query(
        `create or replace function pgq_ext.maint_compact() returns int4 language plpgsql as
         'begin raise ''not now''; end'`,
      );
      await db.insert([['t', 'a']]);
      expect(await run()).toMatchObject({ events: 1 });
      expect(await doneIn(target)).toEqual(['a']);
    });

    test('a serial one gets again what its target has lost, and says when it is no more', async () => {
      const { db, target, run } = await scene('serial');
      await run();
      await db.insert([['t', 'a']]);
      await run();
      const tick = "SELECT pgq_ext.get_last_tick('mailer')";
      const afterA = await target.value(tick);
      await db.insert([['t', 'b']]);
      await db.insert([['t', 'c']]);
      await run();
      // A backup of the target from before b.
      await target.query("DELETE FROM done WHERE id <> 'a'");
      await target.query("SELECT pgq_ext.set_last_tick('mailer', $1)", [afterA]);
      await db.insert([['t', 'd']]);
      await run();
      expect(await doneIn(target)).toEqual(['a', 'b', 'c', 'd']);
      // Another consumer's life: the queue has forgotten this one.
      await db.database.query("SELECT pgq.unregister_consumer('q', 'mailer')");
      await db.insert([['t', 'e']]);
      await run();
      expect(await doneIn(target)).toEqual(['a', 'b', 'c', 'd', 'e']);
      // A backup of the queue: the target is ahead of it.
      await db.insert([['t', 'f']]);
      await db.insert([['t', 'g']]);
      const newest = await db.database.value('SELECT max(tick_id) FROM pgq.tick');
      await target.query("SELECT pgq_ext.set_last_tick('mailer', $1)", [newest]);
      await expect(run()).rejects.toMatchObject({ code: 'QUEUE_POSITION_LOST' });
    });
  },
);

describe.each(oneOfEach)(
  'killed between two databases, %s schema, PostgreSQL %i',
  (schema, major) => {
    const server = postgres(major);

    test.each(
      ['remote', 'serial'].flatMap((kind) =>
        ['consumer.before-record', 'consumer.before-commit', 'consumer.before-finish'].map(
          (failpoint) => [kind, failpoint] as const,
        ),
      ),
    )('a %s one at %s handles each event exactly once', async (kind, failpoint) => {
      const [db, target] = [await queueDatabase(server, schema), await targetDatabase(server)];
      await db.database.query("SELECT pgq.register_consumer('q', 'mailer')");
      const args = ['queue', 'run', mailer, '--db', db.url, '--target', target.url, '--once'];
      const env = { KIND: kind };
      await db.insert([
        ['t', 'a'],
        ['t', 'bad'],
        ['t', 'b'],
      ]);
      await crashSluice(args, failpoint, { env });
      await db.insert([['t', 'c']]);
      expect((await runSluice(args, { env })).exitCode).toBe(0);
      expect(await doneIn(target)).toEqual(['a', 'b', 'c']);
      expect(await db.database.rows('SELECT ev_data, ev_retry FROM pgq.retry_queue')).toEqual([
        { ev_data: 'bad', ev_retry: 1 },
      ]);
    });
  },
);
