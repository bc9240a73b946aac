import { describe, expect, test } from 'vitest';
import { postgres } from '../../kit/index.ts';
import { startPair } from './pair.ts';

const megabyte = 1024 * 1024;

/** A text of that length that nobody can share. */
function longText(bytes: number): string {
  return `SELECT length('${'x'.repeat(bytes)}')`;
}

describe('memory for the prepared statements of a client', () => {
  const server = postgres();

  test('ends with the error of a server that has none, and the client goes on', async () => {
    const pair = await startPair(server);
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await client.ask((w) => w.parse('a', longText(10 * megabyte)).sync());
    expect(
      await client.ask((w) =>
        w
          .parse('b', longText(10 * megabyte))
          .bind('', 'b', [])
          .execute('')
          .sync(),
      ),
    ).toEqual(['E:53200', 'Z:I']);
    expect(client.errors.at(-1)?.message).toBe('out of memory');
    expect(await client.ask((w) => w.bind('', 'a', []).execute('').sync())).toContain(
      `D:${10 * megabyte}`,
    );
    expect(await client.ask((w) => w.bind('', 'b', []).sync())).toEqual(['E:26000', 'Z:I']);
    expect(await other.ask((w) => w.parse('b', longText(10 * megabyte)).sync())).toEqual([
      '1',
      'Z:I',
    ]);
    await client.ask((w) => w.close('statement', 'a').sync());
    expect(await client.ask((w) => w.parse('b', longText(10 * megabyte)).sync())).toEqual([
      '1',
      'Z:I',
    ]);
    await pair.expectQuiet();
  });

  test('... in a transaction, whose statements before it are undone', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await client.ask((w) => w.query('BEGIN; CREATE TABLE t ()'));
    await client.ask((w) => w.parse('a', longText(15 * megabyte)).sync());
    expect(await client.ask((w) => w.parse('b', longText(2 * megabyte)).sync())).toEqual([
      'E:53200',
      'Z:E',
    ]);
    await client.ask((w) => w.query('COMMIT'));
    expect(await client.ask((w) => w.query('SELECT FROM t'))).toContain('E:42P01');
  });

  test('... of many small ones, which are counted with their names', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    const parse = (count: number) =>
      client.ask((w) => {
        for (let i = 0; i < count; i++) w.parse(`${i}${'n'.repeat(4000)}`, 'SELECT 1');
        w.sync();
      });
    expect(await parse(5000)).toContain('E:53200');
    expect(await client.ask((w) => w.query('DEALLOCATE ALL'))).toEqual(['C:DEALLOCATE ALL', 'Z:I']);
    expect(await parse(2000)).not.toContain('E:53200');
  });

  test('... of PREPARE, simple and extended', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    for (let i = 0; i < 18; i++) {
      expect(await client.ask((w) => w.query(`PREPARE p${i} AS ${longText(900_000)}`))).toEqual([
        'C:PREPARE',
        'Z:I',
      ]);
    }
    const tooMuch = `PREPARE more AS ${longText(1_000_000)}`;
    expect(await client.ask((w) => w.query(`SELECT 1; ${tooMuch}`))).toContain('E:53200');
    expect(
      await client.ask((w) => w.parse('', tooMuch).bind('', '', []).execute('').sync()),
    ).toEqual(['E:53200', 'Z:I']);
    await client.ask((w) => w.query('DEALLOCATE p3'));
    await client.ask((w) => w.query('DEALLOCATE p4'));
    expect(await client.ask((w) => w.query(tooMuch))).toEqual(['C:PREPARE', 'Z:I']);
    await pair.expectQuiet();
  });

  test('one without a name is not kept when it is long: its client keeps the server', async () => {
    const pair = await startPair(server, { poolSize: 2 });
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    expect(await client.ask((w) => w.parse('', longText(17 * megabyte)).sync())).toEqual([
      '1',
      'Z:I',
    ]);
    expect([...pair.pooler.clients].map(({ pinReason }) => pinReason)).toEqual([
      'statement too long to keep',
      null,
    ]);
    await other.ask((w) => w.parse('', 'SELECT 2').bind('', '', []).execute('').sync());
    expect(await client.ask((w) => w.bind('', '', []).execute('').sync())).toContain(
      `D:${17 * megabyte}`,
    );
    await client.close();
    await pair.expectQuiet();
  });
});
