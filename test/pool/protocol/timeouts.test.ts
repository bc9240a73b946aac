import { describe, expect, test } from 'vitest';
import { ended, postgres, waitFor } from '../../kit/index.ts';
import { startPair, type Pair } from './pair.ts';

describe('timeouts', () => {
  const server = postgres();

  const sql = 'CREATE TABLE t (n int)';

  test.each([
    ['idle_transaction_timeout', 'F:25P03'],
    ['transaction_timeout', 'F:25P04'],
  ])('case 35: %s ends a client that leaves its transaction open', async (setting, error) => {
    const pair = await startPair(server, { sql, settings: { [setting]: 0.4 } });
    for (const open of [
      'BEGIN; INSERT INTO t VALUES (1)',
      'BEGIN; INSERT INTO t VALUES (1); SELECT 1/0',
    ]) {
      const client = await pair.pooled();
      await client.ask((w) => w.query(open));
      expect(await client.until(ended)).toEqual([error, ended]);
      await expectClean(pair);
    }
  });

  test('case 35: ... and transaction_timeout one that is busy in it', async () => {
    const pair = await startPair(server, { sql, settings: { transaction_timeout: 0.4 } });
    const client = await pair.pooled();
    await client.ask((w) => w.query('BEGIN; INSERT INTO t VALUES (1)'));
    expect(await client.ask((w) => w.query('SELECT pg_sleep(20)'), ended)).toContain('F:25P04');
    await expectClean(pair);
  });

  test('case 35: query_timeout ends a query that runs too long, in the middle of its rows too', async () => {
    const pair = await startPair(server, { sql, settings: { query_timeout: 0.4 } });
    for (const query of [
      'SELECT pg_sleep(20)',
      "SELECT repeat('x', 100000), pg_sleep(0.01) FROM generate_series(1, 2000)",
    ]) {
      const client = await pair.pooled();
      const came = await client.ask((w) => w.query(query), ended);
      // Never an error inside a row: the connection simply ends there.
      expect(came.every((reply) => /^(T:|D:|F:57014$|end$)/.test(reply))).toBe(true);
      await expectClean(pair);
    }
  });

  test('case 35: client_idle_timeout ends who does nothing, not who waits or is in a transaction', async () => {
    const pair = await startPair(server, { sql, settings: { client_idle_timeout: 0.5 } });
    const [hog, waiting, idle] = await Promise.all([pair.pooled(), pair.pooled(), pair.pooled()]);
    await hog.ask((w) => w.query('BEGIN'));
    const answer = waiting.ask((w) => w.query('SELECT 1'));
    expect(await idle.until(ended)).toEqual(['F:57P05', ended]);
    expect(hog.isOpen && waiting.isOpen).toBe(true);
    await hog.ask((w) => w.query('COMMIT'));
    expect(await answer).toContain('D:1');
    await pair.expectQuiet();
  });

  test('case 37: query_wait_timeout gives exactly one error, and the request is never run', async () => {
    const pair = await startPair(server, { sql, settings: { query_wait_timeout: 0.4 } });
    const [hog, simple, extended] = await Promise.all([
      pair.pooled(),
      pair.pooled(),
      pair.pooled(),
    ]);
    await hog.ask((w) => w.query('BEGIN'));
    const insert = 'INSERT INTO t VALUES (1)';
    const answers = await Promise.all([
      simple.ask((w) => w.query(insert).query(insert), ended),
      extended.ask((w) => w.parse('', insert).bind('', '', []).execute('').sync().sync(), ended),
    ]);
    expect(answers).toEqual([
      ['F:08P01', ended],
      ['F:08P01', ended],
    ]);
    await hog.ask((w) => w.query('COMMIT'));
    await hog.close();
    await expectClean(pair);
  });

  test('case 37: who waits long is told so, once', async () => {
    const pair = await startPair(server, { sql, settings: { query_wait_notify: 0.2 } });
    const [hog, client] = await Promise.all([pair.pooled(), pair.pooled()]);
    await hog.ask((w) => w.query('BEGIN'));
    await client.send((w) => w.query('SELECT 1'));
    await waitFor('the notice', () => client.unread.includes('N:00000'));
    await hog.ask((w) => w.query('SELECT pg_sleep(1)'));
    await hog.ask((w) => w.query('COMMIT'));
    expect(await client.until(1)).toEqual(['N:00000', 'T:?column?', 'D:1', 'C:SELECT 1', 'Z:I']);
  });

  test('servers older than server_lifetime and idle ones beyond server_idle_timeout are replaced, unnoticed', async () => {
    for (const setting of ['server_lifetime', 'server_idle_timeout']) {
      const pair = await startPair(server, { sql, settings: { [setting]: 0.3 } });
      const client = await pair.pooled();
      const pidOf = async (): Promise<string> =>
        (await client.ask((w) => w.query('SELECT pg_backend_pid()')))[1]!;
      const before = await pidOf();
      await waitFor('the server to go', () => pair.pooler.pools[0]!.servers.size === 0);
      expect(client.unread).toEqual([]);
      expect(await pidOf()).not.toBe(before);
    }
  });
});

/** The next client gets the right answer, from a server that has nothing open. */
async function expectClean(pair: Pair): Promise<void> {
  const next = await pair.pooled();
  expect(await next.ask((w) => w.query('SELECT count(*) FROM t'))).toContain('D:0');
  await next.close();
  await pair.expectQuiet();
}
