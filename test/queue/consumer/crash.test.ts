import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { crashSluice, runSluice, startSluice, waitFor } from '../../kit/index.ts';
import { oneOfEach, postgres, queueDatabase, type QueueDatabase } from './pgq.ts';

const mailer = fileURLToPath(new URL('mailer.ts', import.meta.url));

function args(db: QueueDatabase, ...more: string[]): string[] {
  return ['queue', 'run', mailer, '--db', db.url, ...more];
}

async function doneOf(db: QueueDatabase): Promise<string[]> {
  const rows = await db.database.rows<{ id: string }>('SELECT id FROM done ORDER BY nr');
  return rows.map(({ id }) => id);
}

const events = Array.from({ length: 6 }, (_, nr) => ['t', String(nr)] as const);
const all = events.map(([, data]) => data);

describe.each(oneOfEach)(
  'a consumer that is killed, on the %s schema, PostgreSQL %i',
  (schema, major) => {
    const server = postgres(major);

    async function database(): Promise<QueueDatabase> {
      const db = await queueDatabase(server, schema);
      await db.database.query('CREATE TABLE done (nr serial, id text)');
      await db.database.query("SELECT pgq.register_consumer('q', 'mailer')");
      return db;
    }

    test.each(['consumer.before-finish', 'consumer.before-commit', 'consumer.after-commit'])(
      'at %s handles each event exactly once when it is started again',
      async (failpoint) => {
        const db = await database();
        await db.insert([...events, ['t', 'bad']]);
        await crashSluice(args(db, '--once'), failpoint);
        await db.insert([['t', 'next']]);
        expect((await runSluice(args(db, '--once'))).exitCode).toBe(0);
        expect(await doneOf(db)).toEqual([...all, 'next']);
        expect(await db.database.value('SELECT count(*)::int FROM pgq.retry_queue')).toBe(1);
      },
    );

    test('is replaced at once by the one that stands by', async () => {
      const db = await database();
      await db.insert([['t', 'first']]);
      const first = startSluice(args(db));
      await waitFor('the first to work', async () => (await doneOf(db)).length === 1);
      const second = startSluice(args(db));
      await second.says(/stands by/);
      await db.insert([['t', 'second']]);
      await waitFor('the first to go on', async () => (await doneOf(db)).length === 2);
      expect(second.stdout).toBe('');
      await first.kill();
      await db.insert([['t', 'third']]);
      await waitFor('the second to take over', async () => (await doneOf(db)).length === 3);
      const ended = await second.stop();
      expect(ended.exitCode).toBe(0);
      expect(await doneOf(db)).toEqual(['first', 'second', 'third']);
    });
  },
);
