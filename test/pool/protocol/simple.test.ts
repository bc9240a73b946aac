import { describe, expect, test } from 'vitest';
import { frame, postgres } from '../../kit/index.ts';
import { outerMajors, startPair } from './pair.ts';

const tables = 'CREATE TABLE t (id int PRIMARY KEY, name text)';

describe.each(outerMajors)('simple queries, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 1: several statements in one Query have one ReadyForQuery', async () => {
    const pair = await startPair(server, { sql: tables });
    const transcript = await pair.sameAsDirect([
      [(w) => w.query("SELECT 1 AS a; SELECT 2 AS b, 'x' AS c; SELECT WHERE false")],
      [(w) => w.query('')],
      [(w) => w.query(' ; ; ')],
    ]);
    expect(transcript).toEqual([
      'T:a',
      'D:1',
      'C:SELECT 1',
      'T:b,c',
      'D:2,x',
      'C:SELECT 1',
      'T:',
      'C:SELECT 0',
      'Z:I',
      'I',
      'Z:I',
      'I',
      'Z:I',
    ]);
  });

  test('case 1: an error takes the rest of the Query with it, and the server is given back', async () => {
    const pair = await startPair(server, { sql: tables });
    const transcript = await pair.sameAsDirect([
      [(w) => w.query("INSERT INTO t VALUES (1, 'a'); SELECT 1/0; SELECT 'never'")],
      [(w) => w.query('SELECT count(*) FROM t')],
      [(w) => w.query('SELECT 1; ROLLBACK; SELECT 2')],
    ]);
    expect(transcript).toContain('E:22012');
    expect(transcript).toContain('D:0');
  });

  test('case 1: only an idle ReadyForQuery gives the server back', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [(w) => w.query('SELECT 1; BEGIN; SELECT 2')],
      [(w) => w.query("INSERT INTO t VALUES (1, 'a')")],
      [(w) => w.query('SELECT 1/0')],
      [(w) => w.query('SELECT 1')],
      [(w) => w.query('ROLLBACK; BEGIN; SELECT count(*) FROM t')],
      [(w) => w.query('COMMIT')],
    ]);
  });

  test('case 1: many Queries in one write are answered one by one', async () => {
    const pair = await startPair(server, { sql: tables });
    const transcript = await pair.sameAsDirect([
      [
        (w) => {
          for (let i = 0; i < 50; i++) w.query(i % 7 === 3 ? 'SELECT 1/0' : `SELECT ${i}`);
        },
        50,
      ],
    ]);
    expect(transcript.filter((reply) => reply === 'Z:I')).toHaveLength(50);
  });

  test('case 1: transactions of several clients do not mix on one server', async () => {
    const pair = await startPair(server, { sql: tables });
    const clients = await Promise.all(Array.from({ length: 5 }, () => pair.pooled()));
    await Promise.all(
      clients.map(async (client, i) => {
        for (let round = 0; round < 10; round++) {
          const mark = `${i}-${round}`;
          expect(await client.ask((w) => w.query('BEGIN'))).toEqual(['C:BEGIN', 'Z:T']);
          const own = await client.ask((w) => w.query(`SELECT '${mark}' AS mark`));
          expect(own).toEqual(['T:mark', `D:${mark}`, 'C:SELECT 1', 'Z:T']);
          expect(await client.ask((w) => w.query('COMMIT'))).toEqual(['C:COMMIT', 'Z:I']);
        }
      }),
    );
    await pair.expectQuiet();
  });

  test('case 21: a FunctionCall is answered with one ReadyForQuery', async () => {
    const pair = await startPair(server, { sql: tables });
    const transcript = await pair.sameAsDirect([
      [functionCall(int4pl, [2, 3])],
      [Buffer.concat([functionCall(int4pl, [4, 5]), functionCall(int4div, [1, 0])]), 2],
      [(w) => w.query('BEGIN')],
      [functionCall(int4pl, [6, 7])],
      [functionCall(int4div, [1, 0])],
      [(w) => w.query('ROLLBACK')],
      [Buffer.concat([functionCall(99_999_999, []), functionCall(int4pl, [1, 1])]), 2],
    ]);
    expect(transcript).toContain('V:\0\0\0\x05');
    expect(transcript.filter((reply) => reply === 'E:22012')).toHaveLength(2);
  });
});

/** pg_proc's own numbers, the same in every major. */
const int4pl = 177;
const int4div = 154;

/** Arguments and result in binary. */
function functionCall(oid: number, args: readonly number[]): Buffer {
  const body = Buffer.alloc(4 + 2 + 2 + 2 + args.length * 8 + 2);
  let at = body.writeInt32BE(oid, 0);
  at = body.writeInt16BE(1, at);
  at = body.writeInt16BE(1, at);
  at = body.writeInt16BE(args.length, at);
  for (const arg of args) {
    at = body.writeInt32BE(4, at);
    at = body.writeInt32BE(arg, at);
  }
  body.writeInt16BE(1, at);
  return frame('F', body);
}
