import { describe, expect, test } from 'vitest';
import { runHere } from '../cli/fake-io.ts';
import { schemas, queueDatabase, postgres } from './consumer/pgq.ts';

describe.each(schemas.filter(([schema]) => schema === 'original'))(
  'the commands on the %s pgq, PostgreSQL %i',
  (schema, major) => {
    const server = postgres(major);

    test('show what it knows, and say what it has not', async () => {
      const db = await queueDatabase(server, schema);
      await db.database.query("SELECT pgq.register_consumer('q', 'c')");
      await db.insert([['t', 'x']]);
      await db.database.query(
        "SELECT pgq.event_retry(b, ev_id, 3600) FROM pgq.next_batch('q', 'c') b, pgq.get_batch_events(b)",
      );
      const queue = (...args: string[]) => runHere(['queue', ...args, '--db', db.url]);
      const status = await queue('status', '--json');
      expect(status).toMatchObject({ exitCode: 0, stderr: '' });
      expect(JSON.parse(status.stdout)).toMatchObject({
        consumers: [{ consumer: 'c', retried: 1, dead: 0 }],
        running: [],
      });
      expect(await queue('retry', 'q')).toMatchObject({ exitCode: 0, stderr: '' });
      for (const args of [
        ['dead', 'q', 'c'],
        ['redrive', 'q', 'c'],
        ['retry', 'q', '--now'],
        ['schedule', 'list'],
        ['schedule', 'set', 's', 'q', '@daily', 't'],
        ['schedule', 'remove', 's'],
      ]) {
        const { exitCode, stderr } = await queue(...args);
        expect([args[0], exitCode, stderr]).toEqual([
          args[0],
          1,
          expect.stringMatching(/QUEUE_ORIGINAL: .* has no .*; run sluice queue install/s),
        ]);
      }
    });
  },
);
