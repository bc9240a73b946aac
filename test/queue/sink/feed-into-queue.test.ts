import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crashSluice, runSluice, temporaryFolder } from '../../kit/index.ts';
import { whileFeeding } from '../../replicate/feed/failpoints.ts';
import { anyMajor, postgres, queueDatabase } from '../consumer/pgq.ts';

describe("a database's changes into a queue of another", { timeout: 240_000 }, () => {
  const server = postgres(anyMajor);

  test.each(whileFeeding)('after kill -9 at %s each is there once, in order', async (failpoint) => {
    const shop = await server.database('CREATE TABLE steps (n int PRIMARY KEY)', { mayLeak: true });
    const { database, url } = await queueDatabase(server, 'ours', ['changes']);
    const config = join(temporaryFolder(), 'sluice.toml');
    writeFileSync(
      config,
      `[databases]
       shop = "${shop.url}"
       shop2 = "${url}"
       [sinks.onward.queue]
       database = "shop2"
       queue = "changes"
       [replicate.feed]
       source = "shop"
       target = "onward"`,
    );
    const args = ['replicate', 'run', 'feed', '--config', config];
    expect((await runSluice([...args, '--once'])).exitCode).toBe(0);
    await shop.query('INSERT INTO steps SELECT generate_series(1, 500)');
    await shop.query('INSERT INTO steps SELECT generate_series(501, 510)');
    await crashSluice(args, failpoint);
    await shop.query('INSERT INTO steps VALUES (511)');
    expect((await runSluice([...args, '--once'])).exitCode).toBe(0);
    const rows = await database.rows<{ type: string; about: string; n: number }>(
      `SELECT ev_type AS type, ev_extra1 AS about, (ev_data::jsonb #>> '{after,n}')::int AS n
         FROM pgq.event_template ORDER BY ev_id`,
    );
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 511 }, (_, i) => i + 1));
    expect(rows[0]).toMatchObject({ type: 'insert', about: 'public.steps' });
  });
});
