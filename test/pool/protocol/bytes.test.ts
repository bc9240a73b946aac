import { array, assert, asyncProperty, nat } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteByByte, bytesOf, piecesOf, postgres, splitAt, startProxy } from '../../kit/index.ts';
import { startScene } from '../scene.ts';
import { outerMajors, Pair, startPair, type Script } from './pair.ts';

const tables = 'CREATE TABLE t (id int PRIMARY KEY, name text)';

/** A bit of everything that the pool looks into. */
const everything: Script = [
  [(w) => w.query('TRUNCATE t; SELECT 1').query('SELECT 1/0'), 2],
  [
    (w) =>
      w
        .parse('s', 'SELECT $1::int + 1')
        .describe('statement', 's')
        .bind('portal', 's', ['41'])
        .describe('portal', 'portal')
        .execute('portal')
        .close('portal', 'portal')
        .sync()
        .parse('', 'SELECT $1::text')
        .bind('', '', ['x'.repeat(300)])
        .execute('')
        .sync(),
    2,
  ],
  [
    (w) =>
      w.parse('s', 'SELECT 2').bind('', 's', []).sync().bind('', 's', ['1']).execute('').sync(),
    2,
  ],
  [(w) => w.parse('a', 'SELECT 3').flush().bind('', 'a', []).execute('').flush(), 'C:'],
  [(w) => w.parse('b', 'SELECT nothing').bind('', 'b', []).flush(), 'E:'],
  [(w) => w.execute('').close('statement', 'a').sync().bind('', 'a', []).execute('').sync(), 2],
  [(w) => w.query('COPY t FROM STDIN').copyData(Buffer.from('1\ta\n2\tb\n')).copyDone(), 1],
  [
    (w) => w.query('COPY t FROM STDIN').copyData(Buffer.from('bad\n')).copyDone().query('SELECT 4'),
    2,
  ],
  [(w) => w.query('COPY t TO STDOUT')],
  [
    (w) =>
      w.query('PREPARE p AS SELECT 5').query('EXECUTE p').query('DEALLOCATE p').query('EXECUTE p'),
    4,
  ],
  [
    (w) =>
      w
        .query("BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'")
        .query("SET DateStyle = 'German'")
        .query('COMMIT'),
    3,
  ],
  [(w) => w.query('DISCARD ALL').bind('', 's', ['1']).sync(), 2],
];

describe.each(outerMajors)('bytes as they come, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 13: one byte at a time', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect(everything, { split: byteByByte });
  });

  test('case 13: cut anywhere', async () => {
    const pair = await startPair(server, { sql: tables });
    const cuts = array(nat(120), { minLength: 1, maxLength: 6 });
    await assert(
      asyncProperty(cuts, async (offsets) => {
        await pair.sameAsDirect(everything, { split: splitAt(...offsets) });
      }),
      { numRuns: 12 },
    );
  });

  test('case 13: in pieces of every size', async () => {
    const pair = await startPair(server, { sql: tables });
    for (const size of [2, 3, 4, 5, 6, 7, 9, 16, 31]) {
      await pair.sameAsDirect(everything, { split: piecesOf(size) });
    }
  });

  test('case 13: what servers say comes in halves', async () => {
    const database = await server.database(tables);
    const proxy = await startProxy({ port: server.port });
    // Whatever is sent at once arrives in pieces, each on its own.
    proxy.toClient.pieceBytes = 3;
    proxy.toServer.pieceBytes = 7;
    const scene = await startScene({
      databases: { app: proxy.url(database.url) },
      settings: { pool_mode: 'transaction', default_pool_size: 1 },
    });
    const pair = new Pair(server, database, scene);
    await pair.sameAsDirect(everything);
    await pair.sameAsDirect(everything, { split: piecesOf(5) });
  });

  test('case 14: settings are restored while only part of a message has come', async () => {
    const pair = await startPair(server, { sql: tables });
    const [a, b] = await Promise.all([
      pair.pooled({ parameters: { TimeZone: 'Asia/Tokyo' }, split: splitAt(20) }),
      pair.pooled({ parameters: { TimeZone: 'America/Lima' }, split: splitAt(9) }),
    ]);
    const text = "SELECT current_setting('TimeZone'), length($1)";
    const long = 'x'.repeat(100_000);
    for (let round = 0; round < 4; round++) {
      const answers = await Promise.all(
        [a, b].map((client) =>
          client.ask((w) => w.parse('', text).bind('', '', [long]).execute('').sync()),
        ),
      );
      expect(answers.map((answer) => answer[2])).toEqual([
        'D:Asia/Tokyo,100000',
        'D:America/Lima,100000',
      ]);
    }
    await pair.expectQuiet();
  });

  test('case 14: ... and the rest of it comes when somebody else could have the server', async () => {
    const pair = await startPair(server, { sql: tables });
    const slow = await pair.pooled();
    const other = await pair.pooled({ parameters: { TimeZone: 'America/Lima' } });
    // A Bind is forwarded as it comes: from its first byte on the server is taken.
    await slow.ask((w) => w.parse('s', 'SELECT length($1)').sync());
    const bytes = bindOf('s', 'x'.repeat(50_000));
    await slow.sendBytes(bytes.subarray(0, 30_000));
    const answer = other.ask((w) => w.query('SHOW TimeZone'));
    await slow.sendBytes(bytes.subarray(30_000));
    expect(await slow.until(1)).toEqual(['2', 'D:50000', 'C:SELECT 1', 'Z:I']);
    expect(await answer).toContain('D:America/Lima');
    await pair.expectQuiet();
  });
});

function bindOf(name: string, value: string): Buffer {
  return bytesOf((w) => w.bind('', name, [value]).execute('').sync());
}
