import { describe, expect, test } from 'vitest';
import type { MessageWriter } from '../../../src/wire/index.ts';
import { frame, postgres, type PipelineClient } from '../../kit/index.ts';
import { outerMajors, startPair, type Pair } from './pair.ts';

const tables = 'CREATE TABLE t (id int PRIMARY KEY, name text)';

/** All of an extended query under this name. */
function whole(name: string): (w: MessageWriter) => MessageWriter {
  return (w) => w.parse(name, 'SELECT 2').bind('', name, []).execute('').sync();
}

function insert(w: MessageWriter): MessageWriter {
  return w.parse('', 'INSERT INTO t VALUES (1)').bind('', '', []).execute('');
}

describe.each(outerMajors)('prepared statements, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 7: made-up, real and left-out replies keep their order', async () => {
    const pair = await startPair(server, { settings: { max_prepared_statements: 2 } });
    await fillServer(pair, 4);
    const transcript = await pair.sameAsDirect([
      [
        (w) => {
          w.parse('a', 'SELECT 1');
          w.parse('b', 'SELECT 2');
          w.parse('c', 'SELECT 3'); // closes the first
          w.close('statement', 'b');
          w.parse('d', 'SELECT 4');
          w.bind('', 'a', []).execute(''); // parsed again, another closed
          w.bind('', 'c', []).describe('portal', '').execute('');
          w.describe('statement', 'd').close('statement', 'd').close('statement', 'd');
          w.parse('d', 'SELECT 44').bind('', 'd', []).execute('').close('portal', '');
          w.parse('b', 'SELECT 2').sync();
        },
      ],
    ]);
    expect(transcript.filter((reply) => reply.startsWith('D:'))).toEqual(['D:1', 'D:3', 'D:44']);
  });

  test('case 7: ... with an error at any place', async () => {
    const pair = await startPair(server, { settings: { max_prepared_statements: 2 } });
    await fillServer(pair, 3);
    for (let place = 0; place < 8; place++) {
      const steps: ((w: MessageWriter) => unknown)[] = [
        (w) => w.parse('a', 'SELECT 1'),
        (w) => w.parse('b', 'SELECT 2'),
        (w) => w.bind('', 'a', []).execute(''),
        (w) => w.parse('c', 'SELECT 3'),
        (w) => w.close('statement', 'b'),
        (w) => w.bind('', 'c', []).execute(''),
        (w) => w.parse('b', 'SELECT 22').bind('', 'b', []).execute(''),
      ];
      const failing = steps.toSpliced(place, 0, (w) => w.bind('', 'none', []));
      const names = ['a', 'b', 'c'];
      await pair.sameAsDirect([
        [(w) => compose(w, steps)],
        [
          (w) =>
            compose(
              w,
              names.map((name) => (w) => w.close('statement', name)),
            ),
        ],
        [(w) => compose(w, failing)],
        ...names.map(
          (name) => [(w: MessageWriter) => w.bind('', name, []).execute('').sync()] as const,
        ),
      ]);
    }
  });

  test('case 8: the same name means each client its own statement', async () => {
    const pair = await startPair(server);
    const clients = await Promise.all(Array.from({ length: 4 }, () => pair.pooled()));
    await Promise.all(
      clients.map((client, i) => client.ask((w) => w.parse('s', `SELECT ${i} + $1::int`).sync())),
    );
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        clients.map((client) =>
          client.ask((w) =>
            w
              .bind('', 's', [String(round * 10)])
              .execute('')
              .sync(),
          ),
        ),
      );
      expect(answers.map((answer) => answer[1])).toEqual(
        clients.map((_, i) => `D:${round * 10 + i}`),
      );
    }
    await pair.expectQuiet();
  });

  test('case 8: ... and the same text with other parameter types is another statement', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    const text = 'SELECT pg_typeof($1)::text';
    const int4 = 23;
    const numeric = 1700;
    await a.ask((w) => w.parse('s', text, [int4]).sync());
    await b.ask((w) => w.parse('s', text, [numeric]).sync());
    expect(await use(a, 's', ['1'])).toBe('D:integer');
    expect(await use(b, 's', ['1'])).toBe('D:numeric');
  });

  test('case 9: a Parse of a name that exists is the error that PostgreSQL gives', async () => {
    const pair = await startPair(server);
    const transcript = await pair.sameAsDirect([
      [(w) => w.parse('s', 'SELECT 1').sync()],
      [(w) => w.parse('s', 'SELECT 2').bind('', 's', []).execute('').sync()],
      [(w) => w.bind('', 's', []).execute('').sync()],
      [
        (w) =>
          w.close('statement', 's').parse('s', 'SELECT 2').bind('', 's', []).execute('').sync(),
      ],
    ]);
    expect(transcript.join(' ')).toBe(
      '1 Z:I E:42P05 Z:I 2 D:1 C:SELECT 1 Z:I 3 1 2 D:2 C:SELECT 1 Z:I',
    );
    const client = await pair.pooled();
    await client.ask((w) => w.parse('mine', 'SELECT 1').parse('mine', 'SELECT 1').sync());
    expect(client.errors[0]?.message).toBe('prepared statement "mine" already exists');
  });

  test('case 10: an unknown name is the error that PostgreSQL gives', async () => {
    const pair = await startPair(server);
    await pair.sameAsDirect([
      [(w) => w.describe('statement', 'none').sync()],
      [(w) => w.bind('', 'none', []).execute('').sync()],
      [(w) => w.bind('', '', []).execute('').sync()],
      [(w) => w.describe('statement', '').sync()],
      [(w) => w.close('statement', 'none').sync()],
    ]);
    const client = await pair.pooled();
    await client.ask((w) => w.bind('', 'none', []).sync());
    expect(client.errors[0]?.message).toBe('prepared statement "none" does not exist');
  });

  test('case 10: names of servers are nobody to a client', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.parse('s', 'SELECT $1::text').sync());
    const names = await pair.database.rows<{ name: string }>(
      "SELECT 'SLUICE_' || n AS name FROM generate_series(1, 50) n",
    );
    for (const { name } of names) {
      expect(await b.ask((w) => w.bind('', name, ['x']).execute('').sync())).toEqual([
        'E:26000',
        'Z:I',
      ]);
    }
    // A name that looks so is as good as any.
    expect(
      await b.ask((w) =>
        w.parse('SLUICE_1', 'SELECT 7').bind('', 'SLUICE_1', []).execute('').sync(),
      ),
    ).toContain('D:7');
  });

  test("case 10: another client's unnamed statement is nobody's", async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.parse('', "SELECT 'mine'").sync());
    expect(await b.ask((w) => w.bind('', '', []).execute('').sync())).toEqual(['E:26000', 'Z:I']);
    expect(await a.ask((w) => w.bind('', '', []).execute('').sync())).toContain('D:mine');
    await b.ask((w) => w.parse('', "SELECT 'other'").sync());
    expect(await a.ask((w) => w.bind('', '', []).execute('').sync())).toContain('D:mine');
  });

  test('case 12: Close of a statement takes the name from this client alone', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    for (const client of [a, b]) await client.ask((w) => w.parse('s', 'SELECT 12').sync());
    expect(await a.ask((w) => w.close('statement', 's').sync())).toEqual(['3', 'Z:I']);
    expect(await a.ask((w) => w.bind('', 's', []).sync())).toEqual(['E:26000', 'Z:I']);
    expect(await use(b, 's')).toBe('D:12');
    await pair.sameAsDirect([
      [
        (w) =>
          w.parse('s', 'SELECT 1').bind('', 's', []).close('statement', 's').execute('').sync(),
      ],
      [(w) => w.parse('', 'SELECT 1').close('statement', '').bind('', '', []).sync()],
      [(w) => w.close('portal', 'none').close('statement', 'none').close('statement', '').sync()],
      [(w) => w.query('BEGIN')],
      [(w) => w.parse('s', 'SELECT 1').bind('p', 's', []).close('portal', 'p').execute('p').sync()],
      [(w) => w.close('statement', 's').sync()], // also in a transaction that has failed
      [(w) => w.query('ROLLBACK')],
    ]);
  });

  test('case 13: Parse and Bind larger than every buffer', async () => {
    const pair = await startPair(server, { settings: { pkt_buf: 4096 } });
    const long = 'x'.repeat(3_000_000);
    const columns = Array.from({ length: 30_000 }, (_, i) => `$1::text AS c${i % 1000}`);
    await pair.sameAsDirect([
      [
        (w) =>
          w
            .parse('big', `SELECT length('${long}'), $1::int`)
            .bind('', 'big', ['1'])
            .execute('')
            .sync(),
      ],
      [(w) => w.parse('', `SELECT length('${long}')`).bind('', '', []).execute('').sync()],
      [(w) => w.parse('', 'SELECT length($1)').bind('', '', [long]).execute('').sync()],
      [(w) => w.parse('s', 'SELECT length($1)').bind('', 's', [long]).execute('').sync()],
      [(w) => w.bind('', 's', [long]).execute('').bind('', 's', ['short']).execute('').sync()],
      [(w) => w.query(`SELECT length('${long}')`)],
      [
        (w) =>
          w
            .parse('', `SELECT 1 WHERE false AND 'a' IN (${columns.map(() => "'b'").join()})`)
            .sync(),
      ],
    ]);
  });

  test('case 13: a statement name of 60 kB', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    const name = 'n'.repeat(60_000);
    for (const [i, client] of [a, b].entries()) {
      await client.ask((w) => w.parse(name, `SELECT ${i}`).sync());
    }
    expect(await use(a, name)).toBe('D:0');
    expect(await use(b, name)).toBe('D:1');
  });

  test('case 13: a Parse of 40 MB comes through in seconds', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    const long = 'x'.repeat(40_000_000);
    const startedAt = Date.now();
    const answer = await client.ask((w) =>
      w.parse('', `SELECT length('${long}')`).bind('', '', []).execute('').sync(),
    );
    expect(answer).toContain('D:40000000');
    expect(Date.now() - startedAt).toBeLessThan(8000);
  });

  test('case 15: DISCARD ALL and DEALLOCATE ALL forget the statements of this client, and of the server', async () => {
    const pair = await startPair(server);
    for (const forget of ['DISCARD ALL', 'DEALLOCATE ALL', 'deallocate all']) {
      const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
      await a.ask((w) => w.parse('s', 'SELECT 1').sync());
      await b.ask((w) => w.parse('s', 'SELECT 1').parse('r', 'SELECT 2').sync());
      expect((await a.ask((w) => w.query(forget))).at(-1)).toBe('Z:I');
      expect(await a.ask((w) => w.bind('', 's', []).sync())).toEqual(['E:26000', 'Z:I']);
      expect(
        await a.ask((w) => w.parse('s', 'SELECT 11').bind('', 's', []).execute('').sync()),
      ).toContain('D:11');
      expect(await use(b, 's')).toBe('D:1');
      expect(await use(b, 'r')).toBe('D:2');
      await Promise.all([a.close(), b.close()]);
    }
    await pair.sameAsDirect([
      [
        (w) =>
          w.parse('s', 'SELECT 1').parse('', 'DEALLOCATE ALL').bind('', '', []).execute('').sync(),
      ],
      [(w) => w.parse('s', 'SELECT 2').bind('', 's', []).execute('').sync()],
    ]);
  });

  test('case 15: ... and what is parsed behind it in one write harms nobody else', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    for (const client of [a, b]) await client.ask((w) => w.parse('s', 'SELECT 1').sync());
    await a.ask((w) => w.query('DEALLOCATE ALL').parse('s', 'SELECT 2').sync(), 2);
    expect(await use(b, 's')).toBe('D:1');
    expect(
      await b.ask((w) => w.parse('r', 'SELECT 1').bind('', 'r', []).execute('').sync()),
    ).toContain('D:1');
    await pair.expectQuiet();
  });

  test.each(['DISCARD ALL', 'DEALLOCATE ALL', 'SELECT 1; deallocate all'])(
    'case 15: ... and what comes behind %s in one write is written by what there is then',
    async (forget) => {
      const pair = await startPair(server);
      const behind = (name: string) => (w: MessageWriter) => whole(name)(w.query(forget));
      await pair.sameAsDirect([
        [whole('')],
        [whole('')],
        [whole('s')],
        [behind(''), 2],
        [behind('s'), 2],
        [(w) => w.bind('', 's', []).execute('').sync()],
        [(w) => whole('r')(w.query('BEGIN').query(forget)), 3],
        [(w) => whole('q')(w.query('SELECT nothing').query('ROLLBACK').query(forget)), 4],
      ]);
      const other = await pair.pooled();
      for (const name of ['', 'a', '', 'b']) expect(await other.ask(whole(name))).toContain('D:2');
    },
  );

  test('case 15: what a failed text was to drop is there for others', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.parse('s', 'SELECT 88').sync());
    await a.ask((w) => w.query('SELECT 1/0; DEALLOCATE s'));
    for (const name of ['one', '', 'two']) {
      expect(
        await b.ask((w) => w.parse(name, 'SELECT 88').bind('', name, []).execute('').sync()),
      ).toContain('D:88');
    }
  });

  test('case 16: a statement made by SQL that has to be made again leaves a pipeline one transaction', async () => {
    const pair = await startPair(server, {
      sql: 'CREATE TABLE t (n int)',
      settings: { max_prepared_statements: 1 },
    });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query('PREPARE x (int) AS SELECT 1/$1'));
    const forget = (): Promise<unknown> => b.ask((w) => w.parse('other', 'SELECT 3').sync());
    await forget();
    const failed = await a.ask((w) => insert(w).bind('', 'x', ['0']).execute('').sync());
    expect(failed.slice(-2)).toEqual(['E:22012', 'Z:I']);
    expect(await b.ask((w) => w.query('SELECT count(*) FROM t'))).toContain('D:0');
    await forget();
    expect(await a.ask((w) => insert(w).bind('', 'x', ['1']).execute('').sync())).toEqual([
      '1',
      '2',
      'C:INSERT 0 1',
      '2',
      'D:1',
      'C:SELECT 1',
      'Z:I',
    ]);
    await pair.database.query('TRUNCATE t');
    await forget();
    // Its Bind is told why it could not be made.
    await a.ask((w) => w.query('PREPARE y AS SELECT * FROM t'));
    await forget();
    await pair.database.query('DROP TABLE t');
    expect(await a.ask((w) => w.bind('', 'y', []).execute('').sync())).toEqual(['E:42P01', 'Z:I']);
  });

  test('case 16: SQL PREPARE, EXECUTE and DEALLOCATE mean the same on every server', async () => {
    const pair = await startPair(server, { poolSize: 3 });
    await pair.sameAsDirect([
      [(w) => w.query('PREPARE a (int) AS SELECT $1 + 1 AS n')],
      [(w) => w.query('EXECUTE a(1)')],
      [(w) => w.query("PREPARE a AS SELECT 'again'")],
      [(w) => w.query('EXECUTE none')],
      [(w) => w.query('DEALLOCATE none')],
      [(w) => w.query('PREPARE b AS SELECT 5; EXECUTE b; EXECUTE a(7); DEALLOCATE b; EXECUTE b')],
      [(w) => w.query('DEALLOCATE PREPARE a')],
      [(w) => w.query('EXECUTE a(1)')],
      [(w) => w.query('PREPARE a AS SELECT nothing')],
      [(w) => w.query('PREPARE a AS SELECT 2')],
      [(w) => w.query('EXECUTE a')],
      [(w) => w.query('EXPLAIN (COSTS off) EXECUTE a')],
      [(w) => w.query('DISCARD ALL')],
      [(w) => w.query('EXECUTE a')],
      [(w) => w.query('/* first */ PREPARE "Ä b" AS SELECT 3; EXECUTE "Ä b"')],
      [(w) => w.bind('', 'Ä b', []).execute('').sync()],
      [(w) => w.parse('p', 'SELECT 8').sync().query('EXECUTE p'), 2],
    ]);
  });

  test('case 16: ... wherever its client is served next', async () => {
    const pair = await startPair(server, { poolSize: 2, settings: { server_round_robin: 1 } });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    // Both servers are there from now on.
    await Promise.all([a, b].map((client) => client.ask((w) => w.query('SELECT pg_sleep(0.1)'))));
    await a.ask((w) => w.query('PREPARE s (int) AS SELECT $1 + 100, pg_backend_pid()'));
    await b.ask((w) => w.query('PREPARE s (int) AS SELECT $1 + 200, pg_backend_pid()'));
    const pids = new Set<string>();
    for (let round = 0; round < 6; round++) {
      for (const [client, base] of [[a, 100] as const, [b, 200] as const, [a, 100] as const]) {
        const answer = await client.ask((w) => w.query(`EXECUTE s(${round})`));
        const [value, pid] = answer[1]!.slice(2).split(',');
        expect(value).toBe(String(base + round));
        pids.add(pid!);
      }
    }
    expect(pids.size).toBe(2);
    await pair.expectQuiet();
  });

  test('case 16: ... in whatever encoding the client writes', async () => {
    const pair = await startPair(server, { poolSize: 2, settings: { server_round_robin: 1 } });
    for (const encoding of ['LATIN1', 'UTF8', 'WIN1251'] as const) {
      const letters = encoding === 'UTF8' ? 'à é Ā' : '\u00e0\u00c9\u00a0';
      const bytes = Buffer.from(letters, encoding === 'UTF8' ? 'utf8' : 'latin1').toString(
        'latin1',
      );
      const transcript = await pair.sameAsDirect([
        [(w) => w.query(`SET client_encoding = '${encoding}'`)],
        [query(`PREPARE "n${bytes}" AS SELECT encode(convert_to('${bytes}', 'UTF8'), 'hex')`)],
        [query(`EXECUTE "n${bytes}"`)],
        [query(`PREPARE "n${bytes}" AS SELECT 1`)],
        [query(`DEALLOCATE "n${bytes}"`)],
      ]);
      expect(transcript).toContain('E:42P05');
    }
    const client = await pair.pooled();
    await client.ask((w) => w.query('PREPARE "é" AS SELECT 1; PREPARE "é" AS SELECT 1'));
    expect(client.errors[0]?.message).toBe('prepared statement "é" already exists');
  });

  test('case 16: a DEALLOCATE that fails drops nothing', async () => {
    const pair = await startPair(server);
    await pair.sameAsDirect([
      [(w) => w.parse('p', 'SELECT 1').sync().query('PREPARE s AS SELECT 2'), 2],
      [(w) => w.query('BEGIN; SELECT 1/0')],
      [(w) => w.query('DEALLOCATE p').query('DEALLOCATE s').query('ROLLBACK'), 3],
      [(w) => w.bind('', 'p', []).execute('').sync().query('EXECUTE s; EXECUTE p'), 2],
      [(w) => w.query('DEALLOCATE p; SELECT 1/0')],
      [(w) => w.parse('p', 'SELECT 1').bind('', 'p', []).execute('').sync()],
    ]);
  });

  test('case 16: ... also when the first try came in a transaction that had failed', async () => {
    const pair = await startPair(server, { poolSize: 2 });
    const [a, hog] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query('PREPARE s AS SELECT 16'));
    await hog.ask((w) => w.query('BEGIN')); // the server that has it
    await a.ask((w) => w.query('BEGIN'));
    await a.ask((w) => w.query('SELECT 1/0'));
    expect(await a.ask((w) => w.query('EXECUTE s'))).toEqual(['E:25P02', 'Z:E']);
    await a.ask((w) => w.query('ROLLBACK'));
    expect(await a.ask((w) => w.query('EXECUTE s'))).toContain('D:16');
  });

  test('case 16: names made over the extended protocol do not reach other clients', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    expect(await extended(a, "PREPARE s AS SELECT 'mine'")).toContain('C:PREPARE');
    expect(await extended(b, 'EXECUTE s')).toContain('E:26000');
    expect(await extended(a, 'EXECUTE s')).toContain('D:mine');
    expect(await extended(b, "PREPARE s AS SELECT 'other'")).toContain('C:PREPARE');
    expect(await extended(a, 'EXECUTE s')).toContain('D:mine');
    expect(await a.ask((w) => w.query('EXECUTE s'))).toContain('D:mine');
  });

  test('case 17: a statement whose result changed by DDL heals, for whoever uses it', async () => {
    const pair = await startPair(server, { sql: `${tables}; INSERT INTO t VALUES (1, 'a')` });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    for (const client of [a, b]) await client.ask((w) => w.parse('s', 'SELECT * FROM t').sync());
    expect(await use(a, 's')).toBe('D:1,a');
    await pair.database.query('ALTER TABLE t ADD COLUMN more int DEFAULT 5');
    expect(await use(a, 's')).toBe('D:1,a,5');
    expect(await use(b, 's')).toBe('D:1,a,5');
    await pair.database.query('ALTER TABLE t DROP COLUMN name');
    expect(
      await b.ask((w) => w.bind('', 's', []).describe('portal', '').execute('').sync()),
    ).toEqual(['2', 'T:id,more', 'D:1,5', 'C:SELECT 1', 'Z:I']);
    const late = await pair.pooled();
    await pair.database.query('ALTER TABLE t DROP COLUMN more');
    expect(
      await late.ask((w) => w.parse('x', 'SELECT * FROM t').bind('', 'x', []).execute('').sync()),
    ).toEqual(['1', '2', 'D:1', 'C:SELECT 1', 'Z:I']);
    await pair.expectQuiet();
  });
});

/** A Query of single bytes, of whatever encoding. */
function query(text: string): Buffer {
  return frame('Q', Buffer.from(`${text}\0`, 'latin1'));
}

function extended(client: PipelineClient, text: string): Promise<string[]> {
  return client.ask((w) => w.parse('', text).bind('', '', []).execute('').sync());
}

/** Steps of one pipeline, and its Sync. */
function compose(w: MessageWriter, steps: readonly ((w: MessageWriter) => unknown)[]): void {
  for (const step of steps) step(w);
  w.sync();
}

/** Statements of another client, so that this one's are new, known and pushed out in turn. */
async function fillServer(pair: Pair, count: number): Promise<void> {
  const other = await pair.pooled();
  for (let i = 1; i <= count; i++) await other.ask((w) => w.parse(`o${i}`, `SELECT ${i}`).sync());
  await other.close();
}

/** The row that a statement gives. */
async function use(
  client: PipelineClient,
  name: string,
  values: readonly string[] = [],
): Promise<string | undefined> {
  const answer = await client.ask((w) => w.bind('', name, values).execute('').sync());
  return answer.find((reply) => reply.startsWith('D:')) ?? answer.join(' ');
}
