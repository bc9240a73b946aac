import { describe, expect, test } from 'vitest';
import { consumer, runConsumer, type ConsumerOptions } from '../../../src/queue/index.ts';
import { startPgbouncer, type TestDatabase } from '../../kit/index.ts';
import { pgbouncers } from '../../kit/pgbouncer-programs.ts';
import { startScene } from '../../pool/scene.ts';
import { anyMajor, doneIn, postgres, queueDatabase, targetDatabase } from './pgq.ts';

const settings = { pool_mode: 'transaction', auth_type: 'any', default_pool_size: 10 };

const poolers = [
  {
    name: 'ours',
    isHere: true,
    start: async (databases: Record<string, string>) =>
      (await startScene({ databases, settings })).port,
  },
  ...Object.values(pgbouncers).map((program) => ({
    ...program,
    start: async (databases: Record<string, string>) =>
      (await startPgbouncer(program, { databases, settings, userlist: '"postgres" ""\n' })).port,
  })),
];

const entry = (database: TestDatabase): string => {
  const url = new URL(database.url);
  return `host=${url.hostname} port=${url.port} dbname=${url.pathname.slice(1)} user=postgres`;
};

for (const pooler of poolers) {
  describe.skipIf(!pooler.isHere)(`through a pooler in transaction mode, ${pooler.name}`, () => {
    const server = postgres(anyMajor);

    test.each([
      ['local', {}],
      ['local', { concurrency: 3 }],
      ['local', { leaseMs: 1000 }],
      ['cooperative', {}],
      ['remote', {}],
      ['serial', {}],
    ] satisfies [ConsumerOptions['kind'], object][])(
      'a %s consumer %j works, and goes on where it was',
      async (kind, how) => {
        const db = await queueDatabase(server, 'ours');
        const target = await targetDatabase(server);
        await db.database.query('CREATE TABLE done (nr serial, id text)');
        const port = await pooler.start({ app: entry(db.database), target: entry(target) });
        const at = (name: string): string => `postgres://postgres@127.0.0.1:${port}/${name}`;
        const isElsewhere = kind === 'remote' || kind === 'serial';
        const definition = consumer({
          queue: 'q',
          name: 'c',
          kind,
          ...how,
          async onEvent({ data }, tx) {
            await tx.query('INSERT INTO done (id) VALUES ($1)', [data]);
          },
        });
        const run = () =>
          runConsumer(definition, {
            db: at('app'),
            ...(isElsewhere && { target: at('target') }),
            listen: false,
            once: true,
          });
        await run();
        await db.insert([
          ['t', 'a'],
          ['t', 'b'],
        ]);
        await run();
        await db.database.query("SELECT pgq.insert_event('q', 't', 'c')");
        await run();
        const done = await doneIn(isElsewhere ? target : db.database);
        expect(done.toSorted()).toEqual(['a', 'b', 'c']);
      },
    );

    test('one that counts on its session is refused, and says what to do', async () => {
      const db = await queueDatabase(server, 'ours');
      const port = await pooler.start({ app: entry(db.database) });
      const definition = consumer({ queue: 'q', name: 'c', onBatch: () => undefined });
      const running = runConsumer(definition, {
        db: `postgres://postgres@127.0.0.1:${port}/app`,
      });
      await expect(running).rejects.toMatchObject({ code: 'SESSION_SETTINGS' });
    });
  });
}
