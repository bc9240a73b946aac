import { describe, expect, test } from 'vitest';
import type { MessageWriter } from '../../../src/wire/index.ts';
import { postgres, waitFor } from '../../kit/index.ts';
import { outerMajors, startPair } from './pair.ts';

const tables = 'CREATE TABLE t (id int PRIMARY KEY, name text)';
const truncate = (w: { query(text: string): unknown }): unknown => w.query('TRUNCATE t');

describe.each(outerMajors)('pipelines, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 2: several Syncs in flight are answered in order, then the server is given back', async () => {
    const pair = await startPair(server, { sql: tables });
    const transcript = await pair.sameAsDirect([
      [
        (w) => {
          for (let i = 0; i < 30; i++) {
            w.parse('', 'SELECT $1::int * 2', [23])
              .bind('', '', [String(i)])
              .execute('')
              .sync();
          }
        },
        30,
      ],
    ]);
    expect(transcript.filter((reply) => reply.startsWith('D:'))).toEqual(
      Array.from({ length: 30 }, (_, i) => `D:${i * 2}`),
    );
  });

  test('case 2: a transaction over several Syncs keeps its server, whatever is in flight', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [truncate],
      [
        (w) => {
          const run = (text: string, values: string[] = []): unknown =>
            w.parse('', text).bind('', '', values).describe('portal', '').execute('').sync();
          run('BEGIN');
          run('INSERT INTO t VALUES ($1, $2)', ['1', 'one']);
          run('COMMIT');
          run('SELECT * FROM t');
          run('BEGIN');
          run('INSERT INTO t VALUES ($1, $2)', ['1', 'again']);
          run('SELECT * FROM t');
          run('ROLLBACK');
          run('SELECT count(*) FROM t');
        },
        9,
      ],
    ]);
  });

  test('case 2: an implicit transaction lasts to its Sync', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [truncate],
      [
        (w) =>
          w
            .parse('', "INSERT INTO t VALUES (1, 'a')")
            .bind('', '', [])
            .execute('')
            .parse('', 'SELECT 1/0')
            .bind('', '', [])
            .execute('')
            .sync()
            .query('SELECT count(*) FROM t'),
        2,
      ],
    ]);
  });

  test('case 3: Flush brings the replies without a ReadyForQuery, and the server stays', async () => {
    const pair = await startPair(server, { sql: tables });
    const transcript = await pair.sameAsDirect([
      [(w) => w.parse('a', 'SELECT 1 AS one').flush(), '1'],
      [(w) => w.describe('statement', 'a').flush(), 'T:'],
      [(w) => w.bind('', 'a', []).flush(), '2'],
      [(w) => w.execute('').flush(), 'C:'],
      [(w) => w.sync()],
    ]);
    expect(transcript).toEqual(['1', 't:', 'T:one', '2', 'D:1', 'C:SELECT 1', 'Z:I']);
  });

  test('case 3: Flush brings replies that are made up too', async () => {
    const pair = await startPair(server, { sql: tables });
    const first = await pair.pooled();
    await first.ask((w) => w.parse('x', 'SELECT 1 AS one').sync());
    await pair.sameAsDirect([
      [(w) => w.parse('a', 'SELECT 1 AS one').flush(), '1'],
      [(w) => w.bind('', 'a', []).execute('').flush(), 'C:'],
      // Made up behind something that the server answers.
      [(w) => w.bind('', 'a', []).execute('').close('statement', 'a').flush(), '3'],
      [(w) => w.parse('b', 'SELECT 1 AS one').bind('', 'b', []).flush(), '2'],
      [(w) => w.execute('').flush().parse('c', 'SELECT 1 AS one').flush(), '1'],
      [(w) => w.sync()],
    ]);
  });

  test('case 3: without its Sync a transaction is open: nobody else gets the server, nothing is committed', async () => {
    const pair = await startPair(server, { sql: tables });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    const insert = "INSERT INTO t VALUES (1, 'a')";
    await a.ask((w) => w.parse('', insert).bind('', '', []).execute('').flush(), 'C:');
    const count = b.ask((w) => w.query('SELECT count(*) FROM t'));
    await waitFor('the other to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    a.vanish();
    expect(await count).toEqual(['T:count', 'D:0', 'C:SELECT 1', 'Z:I']);
    await pair.expectQuiet();
  });

  test('case 3: a pipeline larger than any buffer, with a Flush after each step', async () => {
    const pair = await startPair(server, { sql: tables });
    const wide = 'x'.repeat(40_000);
    await pair.sameAsDirect([
      [
        (w) => {
          for (let i = 0; i < 20; i++) {
            w.parse('', 'SELECT $1::text').flush().bind('', '', [wide]).execute('').flush();
          }
          w.sync();
        },
      ],
    ]);
  });

  test('case 4: an error inside a pipeline drops what is due up to its Sync', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [
        (w) =>
          w
            .parse('', 'SELECT 1')
            .bind('', '', [])
            .execute('')
            .parse('', 'SELECT nothing')
            .bind('', '', [])
            .describe('portal', '')
            .execute('')
            .close('statement', 'x')
            .sync()
            .parse('', 'SELECT 2')
            .bind('', '', [])
            .execute('')
            .sync(),
        2,
      ],
    ]);
  });

  test.each([
    ['Parse', (w: MessageWriter) => w.parse('', 'SELECT nothing')],
    ['Bind', (w: MessageWriter) => w.parse('', 'SELECT $1::int').bind('', '', ['no number'])],
    ['Describe', (w: MessageWriter) => w.describe('portal', 'none')],
    ['Execute', (w: MessageWriter) => w.parse('', 'SELECT 1/0').bind('', '', []).execute('')],
    ['Sync', (w: MessageWriter) => deferred(w)],
  ])('case 4: ... one of its %s', async (_name, fail) => {
    const pair = await startPair(server, {
      sql: `${tables}; CREATE TABLE child (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED)`,
    });
    const transcript = await pair.sameAsDirect([
      [
        (w) => {
          w.parse('', 'SELECT 1').bind('', '', []).execute('');
          fail(w);
          w.sync().parse('', 'SELECT 2').bind('', '', []).execute('').sync().query('SELECT 3');
        },
        3,
      ],
    ]);
    expect(transcript.filter((reply) => reply.startsWith('E:'))).toHaveLength(1);
    expect(transcript.slice(-4)).toEqual(['T:?column?', 'D:3', 'C:SELECT 1', 'Z:I']);
  });

  test('case 4: ... also when that Sync is sent after the error has come', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [(w) => w.parse('', 'SELECT nothing').bind('', '', []), 'E:'],
      // Ignored by the server: none of it may be waited for.
      [
        (w) =>
          w.parse('x', 'SELECT 1').bind('', 'x', []).execute('').flush().close('portal', '').sync(),
      ],
      [(w) => w.bind('', 'x', []).execute('').sync()],
      [(w) => w.query('SELECT 2')],
    ]);
  });

  test('case 4: ... and Queries before that Sync are ignored too', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [(w) => w.parse('', 'SELECT nothing').query('SELECT 1').query('SELECT 2').sync()],
      [(w) => w.parse('', 'SELECT nothing').flush(), 'E:'],
      [(w) => w.query('SELECT 1').sync().query('SELECT 3'), 2],
    ]);
  });

  test('case 4: an error in a transaction block', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [(w) => w.query('BEGIN').parse('', 'SELECT nothing').bind('', '', []).execute('').sync(), 2],
      [(w) => w.parse('', 'SELECT 1').bind('', '', []).execute('').sync()],
      [(w) => w.parse('', 'ROLLBACK').bind('', '', []).execute('').sync()],
    ]);
  });

  test('case 5: statements behind the error were never made', async () => {
    const pair = await startPair(server, { sql: tables });
    const transcript = await pair.sameAsDirect([
      [(w) => w.parse('a', 'SELECT 1').parse('b', 'SELECT nothing').parse('c', 'SELECT 3').sync()],
      [(w) => w.bind('', 'a', []).execute('').sync()],
      [(w) => w.bind('', 'b', []).sync()],
      [(w) => w.bind('', 'c', []).sync()],
      [(w) => w.parse('c', 'SELECT 33').bind('', 'c', []).execute('').sync()],
      [(w) => w.parse('b', 'SELECT 22').bind('', 'b', []).execute('').sync()],
    ]);
    expect(transcript.filter((reply) => reply === 'E:26000')).toHaveLength(2);
  });

  test('case 5: ... whoever asks for the same text next', async () => {
    const pair = await startPair(server, { sql: tables });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.parse('x', 'SELECT nothing').parse('y', 'SELECT 55').sync());
    expect(
      await b.ask((w) => w.parse('z', 'SELECT 55').bind('', 'z', []).execute('').sync()),
    ).toEqual(['1', '2', 'D:55', 'C:SELECT 1', 'Z:I']);
    expect(
      await a.ask((w) => w.parse('y', 'SELECT 55').bind('', 'y', []).execute('').sync()),
    ).toEqual(['1', '2', 'D:55', 'C:SELECT 1', 'Z:I']);
  });

  test('case 5: a Close behind the error closed nothing', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [(w) => w.parse('a', 'SELECT 1').parse('', 'SELECT 2').sync()],
      [(w) => w.parse('x', 'SELECT nothing').close('statement', 'a').close('statement', '').sync()],
      [(w) => w.bind('', 'a', []).execute('').bind('', '', []).execute('').sync()],
    ]);
  });

  test('case 5: an unnamed Parse behind the error took nothing away', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [(w) => w.parse('', 'SELECT 2').sync()],
      [(w) => w.parse('x', 'SELECT nothing').parse('', 'SELECT 3').sync()],
      [(w) => w.bind('', '', []).execute('').sync()],
      // One that failed itself did.
      [(w) => w.parse('', 'SELECT nothing').sync()],
      [(w) => w.bind('', '', []).execute('').sync()],
    ]);
  });

  test('case 6: extended and simple queries in one write', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [
        (w) =>
          w
            .parse('', 'SELECT 1')
            .bind('', '', [])
            .execute('')
            .query('SELECT 2')
            .parse('', 'SELECT 3')
            .bind('', '', [])
            .execute('')
            .sync()
            .query('SELECT 4; SELECT 5')
            .sync()
            .sync(),
        5,
      ],
    ]);
  });

  test('case 6: savepoints by Query around extended statements, as Postgrex sends them', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [(w) => w.query('BEGIN')],
      [
        (w) =>
          w
            .query('SAVEPOINT s')
            .parse('', 'SELECT nothing')
            .bind('', '', [])
            .execute('')
            .sync()
            .query('ROLLBACK TO SAVEPOINT s'),
        3,
      ],
      [
        (w) =>
          w
            .query('SAVEPOINT s')
            .parse('', 'SELECT 1')
            .bind('', '', [])
            .execute('')
            .sync()
            .query('RELEASE SAVEPOINT s'),
        3,
      ],
      [(w) => w.query('COMMIT')],
    ]);
  });

  test('case 11: Describe of statements and portals, NoData, limits, empty queries', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [truncate],
      [
        (w) =>
          w
            .parse('s', 'SELECT generate_series(1, $1::int) AS n')
            .describe('statement', 's')
            .bind('p', 's', ['5'])
            .describe('portal', 'p')
            .execute('p', 2)
            .execute('p', 2)
            .execute('p', 2)
            .execute('p', 2)
            .sync(),
      ],
      [(w) => w.execute('p').sync()], // gone with its transaction
      [
        (w) =>
          w
            .parse('i', 'INSERT INTO t VALUES ($1, $2)')
            .describe('statement', 'i')
            .bind('', 'i', ['1', 'a'])
            .describe('portal', '')
            .execute('')
            .sync(),
      ],
      [
        (w) =>
          w
            .parse('', '')
            .describe('statement', '')
            .bind('', '', [])
            .describe('portal', '')
            .execute('')
            .sync(),
      ],
      [(w) => w.query('BEGIN')],
      [(w) => w.bind('q', 's', ['3']).execute('q', 1).sync()],
      [(w) => w.query('SELECT 1')],
      [(w) => w.execute('q', 1).sync()],
      [(w) => w.close('portal', 'q').execute('q').sync()],
      [(w) => w.query('ROLLBACK')],
    ]);
  });
});

/** Fails only when the implicit transaction ends. */
function deferred(w: MessageWriter): unknown {
  return w.parse('', 'INSERT INTO child VALUES (77)').bind('', '', []).execute('');
}
