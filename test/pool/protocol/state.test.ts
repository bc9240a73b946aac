import { describe, expect, test } from 'vitest';
import { postgres, waitFor, type PipelineClient } from '../../kit/index.ts';
import { outerMajors, startPair, type Pair } from './pair.ts';

const auto = { pool_mode: 'auto' };

describe.each(outerMajors)('session state, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 38: LISTEN in transaction mode hears what everybody notifies', async () => {
    const pair = await startPair(server);
    const [a, b, c] = await Promise.all([pair.pooled(), pair.pooled(), pair.pooled()]);
    expect(await a.ask((w) => w.query('LISTEN news'))).toEqual(['C:LISTEN', 'Z:I']);
    expect(
      await b.ask((w) => w.parse('', 'LISTEN "News"').bind('', '', []).execute('').sync()),
    ).toEqual(['1', '2', 'C:LISTEN', 'Z:I']);
    await b.ask((w) => w.query('LISTEN news'));
    await c.ask((w) => w.query("NOTIFY news, 'one'; NOTIFY \"News\", 'two'"));
    expect(await a.until('A:')).toEqual(['A:news=one']);
    expect((await Promise.all([b.next(), b.next()])).toSorted()).toEqual([
      'A:News=two',
      'A:news=one',
    ]);
    // Its own ones too, and those of a client of PostgreSQL itself.
    await a.ask((w) => w.query("SELECT pg_notify('news', 'own')"), 'Z:');
    await waitFor('its own notification', () => a.unread.includes('A:news=own') || null);
    await b.until('A:news=own');
    await pair.database.query("NOTIFY news, 'direct'");
    for (const client of [a, b]) await client.until('A:news=direct');
    expect(c.unread).toEqual([]);
    await pair.expectQuiet();
  });

  test('case 38: ... between its transactions, in order, nothing lost', async () => {
    const pair = await startPair(server, { poolSize: 2 });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query('LISTEN news'));
    await a.ask((w) => w.query('BEGIN'));
    for (let i = 0; i < 20; i++) await b.ask((w) => w.query(`NOTIFY news, '${i}'`));
    expect(await a.ask((w) => w.query('SELECT 1'))).toEqual([
      'T:?column?',
      'D:1',
      'C:SELECT 1',
      'Z:T',
    ]);
    expect(await a.ask((w) => w.query('COMMIT'), 'Z:')).toEqual(['C:COMMIT', 'Z:I']);
    const heard = await a.until('A:news=19');
    expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => `A:news=${i}`));
  });

  test('case 38: UNLISTEN, UNLISTEN *, DISCARD ALL and leaving end it', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    const hub = () => pair.pooler.pools[0]!.hub.channelCount;
    for (const end of ['UNLISTEN news', 'UNLISTEN *', 'DISCARD ALL']) {
      await a.ask((w) => w.query('LISTEN news'));
      expect(hub()).toBe(1);
      expect((await a.ask((w) => w.query(end))).at(-1)).toBe('Z:I');
      await waitFor('nobody to listen', () => hub() === 0);
      await b.ask((w) => w.query("NOTIFY news, 'late'"));
      await a.ask((w) => w.query('SELECT 1'));
      expect(a.unread).toEqual([]);
    }
    await a.ask((w) => w.query('LISTEN news'));
    await a.close();
    await waitFor('nobody to listen', () => hub() === 0);
    await waitFor('its connection to be closed', async () => (await listeners(pair)) === 0);
  });

  test('case 38: ... also by a client that keeps its server', async () => {
    const pair = await startPair(server, { poolSize: 2, settings: auto });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query('LISTEN news'));
    await a.ask((w) => w.query("SET work_mem = '3MB'"));
    await b.ask((w) => w.query("NOTIFY news, 'idle'"));
    expect(await a.until('A:')).toEqual(['A:news=idle']);
    await a.ask((w) => w.query('BEGIN'));
    await b.ask((w) => w.query("NOTIFY news, 'busy'"));
    expect(await a.ask((w) => w.query('COMMIT'))).toEqual(['C:COMMIT', 'Z:I']);
    expect(await a.until('A:')).toEqual(['A:news=busy']);
  });

  test('case 38: LISTEN where nobody sees it does not reach the next client', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query("DO $$ BEGIN EXECUTE 'LISTEN news'; END $$"));
    expect((await b.ask((w) => w.query("NOTIFY news, 'x'"))).join(' ')).toBe('C:NOTIFY Z:I');
    await b.ask((w) => w.query('SELECT 1'));
    await pair.database.query("NOTIFY news, 'y'");
    expect(await b.ask((w) => w.query('SELECT 2'))).toEqual([
      'T:?column?',
      'D:2',
      'C:SELECT 1',
      'Z:I',
    ]);
  });

  test.each([
    ['SELECT 1; LISTEN news', ['C:SELECT 1', 'C:LISTEN']],
    ['BEGIN; LISTEN news; COMMIT', ['C:BEGIN', 'C:LISTEN', 'C:COMMIT']],
    ["SET TimeZone = 'UTC'; listen NEWS;", ['C:SET', 'C:LISTEN']],
    ['LISTEN other; UNLISTEN *; /* , */ LISTEN news', ['C:LISTEN', 'C:UNLISTEN', 'C:LISTEN']],
    ['UNLISTEN other; LISTEN news; PREPARE p AS SELECT 1', ['C:LISTEN', 'C:PREPARE']],
  ])('case 38: a client hears after %s', async (text, tags) => {
    for (const settings of [{}, auto]) {
      const pair = await startPair(server, { settings });
      const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
      const came = await a.ask((w) => w.query(text));
      expect(came).toEqual(expect.arrayContaining(tags));
      expect(came.at(-1)).toBe('Z:I');
      await b.ask((w) => w.query("NOTIFY other, 'x'; NOTIFY news, 'y'"));
      expect(await a.until('A:')).toEqual(['A:news=y']);
      expect([...pair.pooler.clients].map(({ pinReason }) => pinReason)).toEqual([null, null]);
      await pair.expectQuiet();
      await Promise.all([a.close(), b.close()]);
    }
  });

  test('case 38: a client ends listening where it says so last', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await client.ask((w) => w.query('SELECT 1; LISTEN a; LISTEN b; LISTEN c; UNLISTEN b'));
    await client.ask((w) => w.query('UNLISTEN a; LISTEN a; SELECT 1; UNLISTEN c'));
    await pair.database.query("NOTIFY b, 'x'; NOTIFY c, 'x'; NOTIFY a, 'y'");
    expect(await client.until('A:')).toEqual(['A:a=y']);
  });

  test('case 38: LISTEN in a text too long to look at keeps its server', async () => {
    const pair = await startPair(server, { poolSize: 2 });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    const long = `SELECT length('${'x'.repeat(1024 * 1024)}'); LISTEN news`;
    expect(await a.ask((w) => w.query(long))).toContain('C:LISTEN');
    expect([...pair.pooler.clients].map(({ pinReason }) => pinReason)).toEqual(['LISTEN', null]);
    await b.ask((w) => w.query("NOTIFY news, 'y'"));
    expect(await a.until('A:')).toEqual(['A:news=y']);
    await a.close();
    await pair.expectQuiet();
    await b.ask((w) => w.query('SELECT 1'));
    expect(b.unread).toEqual([]);
  });

  test("case 38: names of statements in a text of several are the client's own", async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query('BEGIN; PREPARE p AS SELECT 1; COMMIT'));
    await b.ask((w) => w.query('BEGIN; PREPARE p AS SELECT 2; COMMIT'));
    expect(await a.ask((w) => w.query('SELECT 0; EXECUTE p'))).toContain('D:1');
    expect(await b.ask((w) => w.query('EXECUTE p'))).toContain('D:2');
  });

  test('case 38: what listens is one of the servers: of its user, and in the console', async () => {
    const pair = await startPair(server, { poolSize: 3, settings: { max_user_connections: 2 } });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query('LISTEN news'));
    const console = await pair.scene.console();
    const { rows } = await console.query<Record<string, unknown>>('SHOW SERVERS');
    expect(rows).toContainEqual(
      expect.objectContaining({ application_name: 'sluice pool listener', state: 'active' }),
    );
    const pools = await console.query<Record<string, unknown>>('SHOW POOLS');
    expect(pools.rows[0]).toMatchObject({ database: 'app', sv_active: 1, sv_idle: 1 });
    await a.ask((w) => w.query('BEGIN'));
    const waiting = b.ask((w) => w.query('SELECT 38'));
    await waitFor('the other to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    await a.ask((w) => w.query('ROLLBACK'));
    expect(await waiting).toContain('D:38');
    await a.ask((w) => w.query('UNLISTEN news'));
    await a.ask((w) => w.query('BEGIN'));
    expect(await b.ask((w) => w.query('SELECT 39'))).toContain('D:39');
    await a.ask((w) => w.query('ROLLBACK'));
  });

  test('case 38: a listener whose connection is lost is told so', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    await client.ask((w) => w.query('LISTEN news'));
    await pair.database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice pool listener' AND datname = current_database()",
    );
    expect(await client.until('end')).toEqual(['F:57P01', 'end']);
    const next = await pair.pooled();
    await next.ask((w) => w.query('LISTEN news'));
    await pair.database.query("NOTIFY news, 'again'");
    expect(await next.until('A:')).toEqual(['A:news=again']);
  });

  test.each([
    ['CREATE TEMP TABLE mine (n int)', 'temporary object', 'SELECT count(*) FROM mine'],
    ['SELECT 1 AS n INTO TEMPORARY mine', 'temporary object', 'SELECT n FROM mine'],
    ['SELECT pg_advisory_lock(39)', 'session advisory lock', 'SELECT pg_advisory_unlock(39)'],
    [
      'SELECT pg_try_advisory_lock_shared(39)',
      'session advisory lock',
      'SELECT pg_advisory_unlock_shared(39)',
    ],
    ["SET work_mem = '3MB'", 'SET work_mem', 'SHOW work_mem'],
    ["SELECT set_config('work_mem', '3MB', false)", 'set_config', 'SHOW work_mem'],
    ['SET ROLE pg_monitor', 'SET role', 'SELECT current_user'],
    ['SET SESSION AUTHORIZATION postgres', 'SET SESSION AUTHORIZATION', 'SELECT session_user'],
    [
      'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
      'SET SESSION CHARACTERISTICS',
      'SHOW default_transaction_read_only',
    ],
    ["LOAD 'auto_explain'", 'LOAD', 'SELECT 1'],
    ['SELECT "pg_advisory_lock"(39)', 'session advisory lock', 'SELECT pg_advisory_unlock(39)'],
    ['SELECT setseed(0.5)', 'setseed', 'SELECT random()'],
  ])('case 39: mode auto keeps the server after %s', async (make, reason, look) => {
    const pair = await startPair(server, { settings: auto });
    for (const isExtended of [false, true]) {
      const [stateful, other] = await Promise.all([pair.pooled(), pair.pooled()]);
      const direct = await pair.direct();
      const ask = (client: PipelineClient, text: string): Promise<string[]> =>
        client.ask((w) =>
          isExtended ? w.parse('', text).bind('', '', []).execute('').sync() : w.query(text),
        );
      await ask(stateful, make);
      await ask(direct, make.replace('39', '40'));
      const [client] = [...pair.pooler.clients].filter(({ pinReason }) => pinReason !== null);
      expect(client?.pinReason).toBe(reason);
      const waiting = other.ask((w) => w.query('SELECT 39'));
      await waitFor('the other to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
      expect(await ask(stateful, look)).toEqual(await ask(direct, look.replace('39', '40')));
      await ask(stateful, 'RESET SESSION AUTHORIZATION');
      expect((await ask(stateful, 'DISCARD ALL')).at(-1)).toBe('Z:I');
      expect(client?.pinReason).toBeNull();
      expect(await waiting).toContain('D:39');
      await Promise.all([stateful, other, direct].map((one) => one.close()));
    }
    await pair.expectQuiet();
  });

  test('case 39: each client is told its own number of a sequence', async () => {
    const pair = await startPair(server, { settings: auto, poolSize: 2 });
    await pair.database.query('CREATE SEQUENCE s');
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    expect(await a.ask((w) => w.query("SELECT nextval('s')"))).toContain('D:1');
    expect(await b.ask((w) => w.query("SELECT nextval('s')"))).toContain('D:2');
    expect(await a.ask((w) => w.query("SELECT currval('s')"))).toContain('D:1');
    expect(await b.ask((w) => w.query('SELECT lastval()'))).toContain('D:2');
  });

  test("case 39: ... and never another's, where its own was drawn unseen", async () => {
    const pair = await startPair(server, { settings: auto });
    await pair.database.query('CREATE TABLE t (id serial, n int)');
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    for (const isExtended of [false, true]) {
      const lastval = (client: PipelineClient): Promise<string[]> =>
        client.ask((w) =>
          isExtended
            ? w.parse('', 'SELECT lastval()').bind('', '', []).execute('').sync()
            : w.query('SELECT lastval()'),
        );
      await a.ask((w) => w.query("SET application_name = 'a'; INSERT INTO t (n) VALUES (1)"));
      expect((await lastval(a)).some((line) => line.startsWith('D:'))).toBe(true);
      await a.ask((w) => w.query('DISCARD ALL'));
      await a.ask((w) => w.query('INSERT INTO t (n) VALUES (1)'));
      await b.ask((w) => w.query('INSERT INTO t (n) VALUES (1)'));
      expect(await lastval(a)).toContain('E:55000');
      await a.ask((w) => w.query('DISCARD ALL'));
      await a.ask((w) => w.query('INSERT INTO t (n) VALUES (1)'));
      await a.ask((w) => w.query('BEGIN'));
      expect((await lastval(a)).some((line) => line.startsWith('D:'))).toBe(true);
      await a.ask((w) => w.query('ROLLBACK'));
      await a.ask((w) => w.query('DISCARD ALL'));
    }
    await pair.expectQuiet();
  });

  test('case 39: ... after DECLARE WITH HOLD, whose transaction is over', async () => {
    const pair = await startPair(server, { settings: auto });
    const stateful = await pair.pooled();
    await stateful.ask((w) =>
      w.query('BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT generate_series(1, 3); COMMIT'),
    );
    expect([...pair.pooler.clients][0]!.pinReason).toBe('cursor WITH HOLD');
    expect(await stateful.ask((w) => w.query('FETCH 1 FROM c'))).toContain('D:1');
  });

  test('case 39: a pinned client that leaves takes its state with it', async () => {
    const pair = await startPair(server, { settings: auto });
    const stateful = await pair.pooled();
    const pid = (await stateful.ask((w) => w.query('SELECT pg_backend_pid()')))[1];
    await stateful.ask((w) =>
      w.query("SET work_mem = '3MB'; CREATE TEMP TABLE mine (n int); SELECT pg_advisory_lock(1)"),
    );
    await stateful.close();
    const next = await pair.pooled();
    expect((await next.ask((w) => w.query('SELECT pg_backend_pid()')))[1]).toBe(pid);
    expect(await next.ask((w) => w.query('SHOW work_mem'))).toContain('D:4MB');
    expect(await next.ask((w) => w.query('SELECT FROM mine'))).toContain('E:42P01');
    expect(
      await next.ask((w) => w.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")),
    ).toContain('D:0');
    await pair.expectQuiet();
  });

  test('case 39: what ends with its transaction pins nobody', async () => {
    const pair = await startPair(server, { settings: auto });
    const client = await pair.pooled();
    for (const text of [
      "BEGIN; SET LOCAL work_mem = '3MB'; SET TRANSACTION READ ONLY; COMMIT",
      'SELECT pg_advisory_xact_lock(1)',
      "SET TimeZone = 'UTC'; SET application_name = 'x'; SET TIME ZONE 'UTC'; SET NAMES 'UTF8'",
      'CREATE TABLE plain (temp int); DROP TABLE plain',
      "SELECT 'CREATE TEMP TABLE x', 'pg_advisory_lock' -- LISTEN",
      'BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c; COMMIT',
    ]) {
      expect((await client.ask((w) => w.query(text))).at(-1)).toBe('Z:I');
      expect([text, [...pair.pooler.clients][0]!.pinReason]).toEqual([text, null]);
    }
    await pair.expectQuiet();
  });

  test('case 39: in mode transaction a pool with server_reset_query_always resets', async () => {
    const pair = await startPair(server, { settings: { server_reset_query_always: 1 } });
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    await a.ask((w) => w.query("SET work_mem = '3MB'; SELECT pg_advisory_lock(5)"));
    expect(await b.ask((w) => w.query('SHOW work_mem'))).toContain('D:4MB');
    expect(
      await b.ask((w) => w.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")),
    ).toContain('D:0');
    await pair.expectQuiet();
  });

  test('case 41: a server whose reset query fails is never handed on', async () => {
    const pair = await startPair(server, {
      settings: { pool_mode: 'session', server_reset_query: 'SELECT * FROM reset_me' },
    });
    const first = await pair.pooled();
    const pid = (await first.ask((w) => w.query('SELECT pg_backend_pid()')))[1];
    await first.close();
    const second = await pair.pooled();
    expect((await second.ask((w) => w.query('SELECT pg_backend_pid()')))[1]).not.toBe(pid);
    await pair.database.query('CREATE TABLE reset_me ()');
    const kept = (await second.ask((w) => w.query('SELECT pg_backend_pid()')))[1];
    await second.close();
    const third = await pair.pooled();
    expect((await third.ask((w) => w.query('SELECT pg_backend_pid()')))[1]).toBe(kept);
  });

  test('session mode: a client keeps its server, and the next one finds it clean', async () => {
    const pair = await startPair(server, { settings: { pool_mode: 'session' } });
    await pair.sameAsDirectAlone([
      [(w) => w.query("SET work_mem = '3MB'; CREATE TEMP TABLE mine (n int)")],
      [(w) => w.parse('s', 'SELECT 1').sync().query('PREPARE p AS SELECT 2'), 2],
      [(w) => w.bind('', 's', []).execute('').sync().query('EXECUTE p; SHOW work_mem'), 2],
      [(w) => w.parse('s', 'SELECT 2').sync().bind('', 'none', []).sync(), 2],
    ]);
    const next = await pair.pooled();
    expect(await next.ask((w) => w.query('SHOW work_mem'))).toContain('D:4MB');
    expect(await next.ask((w) => w.query('EXECUTE p'))).toContain('E:26000');
    expect(await next.ask((w) => w.bind('', 's', []).sync())).toContain('E:26000');
  });

  test('statement mode: a transaction block is refused, single statements are not', async () => {
    const pair = await startPair(server, { settings: { pool_mode: 'statement' } });
    const client = await pair.pooled();
    expect(
      await client.ask((w) => w.parse('', 'SELECT 1').bind('', '', []).execute('').sync()),
    ).toContain('D:1');
    expect(await client.ask((w) => w.query('BEGIN'), 'end')).toContain('F:08P01');
    const next = await pair.pooled();
    expect(await next.ask((w) => w.query('SELECT 2'))).toContain('D:2');
    await pair.expectQuiet();
  });
});

async function listeners(pair: Pair): Promise<number> {
  return pair.database.value<number>(
    "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'sluice pool listener' AND datname = current_database()",
  );
}
