import { describe, expect, test } from 'vitest';
import { postgres, type PipelineClient } from '../../kit/index.ts';
import { outerMajors, startPair, type Pair } from './pair.ts';

describe.each(outerMajors)('shared statements, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test("'now' means now to each who parses it, under a name or not", async () => {
    const pair = await startPair(server, { poolSize: 1 });
    const text = "SELECT 'now'::timestamptz::text";
    const clients = await Promise.all(Array.from({ length: 3 }, () => pair.pooled()));
    const seen = new Set<string>();
    for (const client of clients) {
      for (const name of ['', 's']) {
        const answer = await run(client, name, text);
        expect(seen).not.toContain(answer);
        seen.add(answer);
        await client.ask((w) => w.query('SELECT pg_sleep(0.002)'));
      }
    }
    // To one statement it is what it was when it was parsed, as PostgreSQL has it.
    const again = await clients[0]!.ask((w) => w.bind('', 's', []).execute('').sync());
    expect(seen).toContain(again[1]);
  });

  test('a date is read by the DateStyle of whom it belongs to', async () => {
    const pair = await startPair(server);
    const [european, american] = await Promise.all([
      pair.pooled({ parameters: { DateStyle: 'ISO, DMY' } }),
      pair.pooled({ parameters: { DateStyle: 'ISO, MDY' } }),
    ]);
    for (let round = 0; round < 3; round++) {
      for (const [client, month] of [
        [european, '03'],
        [american, '02'],
      ] as const) {
        // Quoted in the text, and as a parameter, whose text can be shared.
        expect(await run(client, '', "SELECT '02/03/2024'::date")).toBe(
          `D:2024-${month}-${month === '03' ? '02' : '03'}`,
        );
        const shared = await client.ask((w) =>
          w
            .parse('', 'SELECT extract(month FROM $1::text::date)::int')
            .bind('', '', ['02/03/2024'])
            .execute('')
            .sync(),
        );
        expect(shared[2]).toBe(`D:${Number(month)}`);
      }
    }
  });

  test('a text without a name is parsed once when it comes again, whoever sends it', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await ask(a, '1');
    await ask(b, '2');
    const before = parses(pair);
    for (let i = 0; i < 10; i++) {
      const client = i % 2 === 0 ? a : b;
      expect(await ask(client, String(i))).toEqual([
        '1',
        't:23',
        'T:?column?',
        '2',
        `D:${i + 1}`,
        'C:SELECT 1',
        'Z:I',
      ]);
    }
    expect(parses(pair)).toBe(before);
  });

  test('... unless the setting says no, or it holds literals', async () => {
    const pair = await startPair(server, { settings: { cache_unnamed_statements: 0 } });
    const client = await pair.pooled();
    for (let i = 0; i < 4; i++) await run(client, '', 'SELECT 1');
    expect(parses(pair)).toBe(4);
    const other = await startPair(server);
    const literal = await other.pooled();
    for (let i = 0; i < 4; i++) await run(literal, '', "SELECT 'x'");
    expect(parses(other)).toBe(4);
  });

  test('the statements of other users, schemas and encodings are others', async () => {
    const pair = await startPair(server, {
      sql: `CREATE SCHEMA one; CREATE TABLE one.t AS SELECT 'one' AS v; CREATE SCHEMA two; CREATE TABLE two.t AS SELECT 'two' AS v`,
      settings: major >= 18 ? { track_extra_parameters: 'search_path' } : {},
    });
    if (major < 18) return; // search_path is not reported, and cannot be carried along
    const clients = await Promise.all(
      ['one', 'two'].map((search_path) => pair.pooled({ parameters: { search_path } })),
    );
    for (let round = 0; round < 3; round++) {
      for (const [i, client] of clients.entries()) {
        expect(await run(client, '', 'SELECT v FROM t')).toBe(`D:${i === 0 ? 'one' : 'two'}`);
        expect(await run(client, `s${round}`, 'SELECT v FROM t')).toBe(
          `D:${i === 0 ? 'one' : 'two'}`,
        );
      }
    }
  });

  test('the least used make room on the server, in the middle of pipelines too', async () => {
    const pair = await startPair(server, { settings: { max_prepared_statements: 3 } });
    const client = await pair.pooled();
    for (let i = 0; i < 8; i++) await client.ask((w) => w.parse(`s${i}`, `SELECT ${i}`).sync());
    const transcript = await client.ask((w) => {
      for (let i = 0; i < 24; i++) w.bind('', `s${(i * 5) % 8}`, []).execute('');
      w.sync();
    });
    expect(transcript.filter((reply) => reply.startsWith('D:'))).toEqual(
      Array.from({ length: 24 }, (_, i) => `D:${(i * 5) % 8}`),
    );
    const [pooled] = pair.pooler.pools[0]!.servers;
    expect(pooled!.prepared.count).toBe(3);
    const there = await client.ask((w) => w.query('SELECT count(*) FROM pg_prepared_statements'));
    expect(there).toContain('D:3');
    await pair.expectQuiet();
  });

  test('pg: parameters, names, errors, cursors in transactions, many at once', async () => {
    const pair = await startPair(server, {
      poolSize: 2,
      sql: 'CREATE TABLE t (id int PRIMARY KEY)',
    });
    const clients = await Promise.all(Array.from({ length: 6 }, () => pair.scene.client('app')));
    await Promise.all(
      clients.map(async (client, i) => {
        for (let round = 0; round < 15; round++) {
          const value = `${i}-${round}`;
          const { rows } = await client.query('SELECT $1::text AS v', [value]);
          const named = await client.query({
            name: `n${round % 3}`,
            text: `SELECT $1::text || ${round % 3} AS v`,
            values: [value],
          });
          expect([rows[0].v, named.rows[0].v]).toEqual([value, `${value}${round % 3}`]);
          await expect(client.query('SELECT nothing')).rejects.toMatchObject({ code: '42703' });
          await client.query('BEGIN');
          await client.query('INSERT INTO t VALUES ($1)', [i * 100 + round]);
          await client.query(round % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
        }
      }),
    );
    expect(await pair.database.value('SELECT count(*)::int FROM t')).toBe(6 * 8);
    await pair.expectQuiet();
  });
});

function ask(client: PipelineClient, value: string): Promise<string[]> {
  return client.ask((w) =>
    w
      .parse('', 'SELECT $1::int + 1')
      .describe('statement', '')
      .bind('', '', [value])
      .execute('')
      .sync(),
  );
}

/** One row of a statement that is parsed now. */
async function run(client: PipelineClient, name: string, text: string): Promise<string> {
  const answer = await client.ask((w) => w.parse(name, text).bind('', name, []).execute('').sync());
  return answer.find((reply) => reply.startsWith('D:')) ?? answer.join(' ');
}

function parses(pair: Pair): number {
  return pair.pooler.pools[0]!.traffic.serverParses;
}
