import { describe, expect, test } from 'vitest';
import { createPgClient, createSlot, Session } from '../../src/session/index.ts';
import { majors, postgres, type TestDatabase } from '../kit/index.ts';

/** Defaults that would end, hang or fool a session that trusts them; in server, database and role. */
const hostile: Record<string, string> = {
  statement_timeout: '1',
  lock_timeout: '1',
  idle_in_transaction_session_timeout: '1',
  idle_session_timeout: '1',
  exit_on_error: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  default_transaction_deferrable: 'on',
  row_security: 'on',
  gin_fuzzy_search_limit: '1',
  search_path: 'decoy',
  standard_conforming_strings: 'off',
  quote_all_identifiers: 'on',
  transform_null_equals: 'on',
  array_nulls: 'off',
  client_encoding: 'LATIN1',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  xmlbinary: 'hex',
  xmloption: 'document',
  wal_sender_timeout: '1',
};

/** Which statements set them where. */
const scopes = {
  role: /^ALTER ROLE victim SET/,
  database: /^ALTER DATABASE/,
  'role in the database': /./,
};

const renderSql = `SELECT
  current_setting('statement_timeout') || current_setting('lock_timeout')
    || current_setting('idle_session_timeout') || current_setting('idle_in_transaction_session_timeout') AS timeouts,
  current_setting('transaction_read_only') || ' ' || current_setting('transaction_isolation') AS transaction,
  current_setting('row_security') || ' ' || current_setting('search_path') AS names,
  '2024-02-03 04:05:06+00'::timestamptz::text AS time, '1 day 02:03'::interval::text AS span,
  (0.1::float8 + 0.2)::text AS float, '\\xff'::bytea::text AS bytes, 'é' AS text,
  '{NULL}'::text[]::text AS nulls, current_setting('client_encoding') AS encoding`;

const rendered = {
  timeouts: '0000',
  transaction: 'off read committed',
  names: 'off ',
  time: '2024-02-03 04:05:06+00',
  span: '1 day 02:03:00',
  float: '0.30000000000000004',
  bytes: String.raw`\xff`,
  text: 'é',
  nulls: '{NULL}',
  encoding: 'UTF8',
};

describe.each(majors)('hostile defaults of PostgreSQL %i', (major) => {
  const server = postgres(major);
  const settings = { ...hostile, ...(major >= 17 ? { transaction_timeout: '1' } : {}) };

  async function hostileDatabase(scope: keyof typeof scopes, sql = ''): Promise<TestDatabase> {
    const database = await server.database(sql);
    await server.query(`DROP ROLE IF EXISTS victim; CREATE ROLE victim LOGIN REPLICATION;
      GRANT CREATE ON DATABASE ${database.name} TO victim`);
    const statements = Object.entries(settings).flatMap(([name, value]) => [
      `ALTER ROLE victim SET ${name} = ${quote(name, value)}`,
      `ALTER DATABASE ${database.name} SET ${name} = ${quote(name, value)}`,
      `ALTER ROLE victim IN DATABASE ${database.name} SET ${name} = ${quote(name, value)}`,
    ]);
    await server.query(statements.filter((statement) => scopes[scope].test(statement)).join(';'));
    return database;
  }

  test.each(['role', 'database', 'role in the database'] as const)(
    'of the %s do not reach a session',
    async (scope) => {
      const url = asVictim(await hostileDatabase(scope));
      await using session = await Session.connect(url, { purpose: 'test' });
      expect((await session.query(renderSql)).rows).toEqual([rendered]);
      // Each of the timeouts would have struck by now.
      await session.query('BEGIN; SELECT pg_catalog.pg_sleep(0.02)');
      await session.query('COMMIT; CREATE SCHEMA mine');
      await session.query('SELECT 1 / 0').catch(() => undefined);
      expect(session.isOpen).toBe(true);
    },
  );

  test('do not reach a replication session', async () => {
    const url = asVictim(await hostileDatabase('role in the database'));
    await using session = await Session.connect(url, { purpose: 'test', replication: true });
    expect((await session.query(renderSql)).rows).toEqual([rendered]);
    expect((await session.query('SHOW wal_sender_timeout')).rows).toEqual([
      { wal_sender_timeout: '1min' },
    ]);
    const slot = await createSlot(session, {
      name: 'mine',
      temporary: true,
      snapshot: 'export',
    });
    await using reader = await Session.connect(url, { purpose: 'test' });
    await reader.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '${slot.snapshotName}'; SELECT pg_catalog.pg_sleep(0.02); COMMIT`,
    );
    expect(session.isOpen).toBe(true);
  });

  test('do not reach a pg client', async () => {
    const client = createPgClient(asVictim(await hostileDatabase('role in the database')), {
      purpose: 'test',
    });
    await client.connect();
    try {
      expect((await client.query(renderSql)).rows).toEqual([rendered]);
      await client.query('BEGIN; SELECT pg_catalog.pg_sleep(0.02)');
      await client.query('COMMIT');
    } finally {
      await client.end();
    }
  });

  test.runIf(major >= 17)('do not end a session while it starts', async () => {
    // As long as the timeout is in force, logging in takes longer than it allows.
    const database = await hostileDatabase(
      'role in the database',
      `CREATE FUNCTION linger() RETURNS event_trigger LANGUAGE plpgsql AS $$
         BEGIN
           IF current_setting('transaction_timeout') <> '0' THEN PERFORM pg_sleep(5); END IF;
         END $$;
       CREATE EVENT TRIGGER linger ON login EXECUTE FUNCTION linger();
       ALTER EVENT TRIGGER linger ENABLE ALWAYS`,
    );
    await using session = await Session.connect(asVictim(database), { purpose: 'test' });
    expect((await session.query('SHOW transaction_timeout')).rows).toEqual([
      { transaction_timeout: '0' },
    ]);
  });

  test('a COPY that row security would thin out fails instead', async () => {
    const database = await server.database();
    await database.query(`DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN;
      CREATE TABLE notes (id int); INSERT INTO notes VALUES (1), (2);
      ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
      CREATE POLICY first_only ON notes USING (id = 1); GRANT SELECT ON notes TO reader;
      ALTER ROLE reader SET row_security = on`);
    const url = new URL(database.url);
    url.username = 'reader';
    await using session = await Session.connect(url.href, { purpose: 'test' });
    const copied = session.copyOut('COPY public.notes TO STDOUT', () => undefined);
    await expect(copied).rejects.toMatchObject({ sqlstate: '42501' });
    await database.query('REVOKE ALL ON notes FROM reader; DROP ROLE reader');
  });

  test('settings a caller asks for win, and options of the string are passed on', async () => {
    const database = await server.database();
    const url = `${database.url}?options=-c%20work_mem%3D7MB%20-c%20statement_timeout%3D1`;
    const settings = { TimeZone: 'Asia/Tokyo' };
    await using session = await Session.connect(url, { purpose: 'test', settings });
    const { rows } = await session.query(
      `SELECT current_setting('work_mem') AS mem, current_setting('TimeZone') AS zone,
              current_setting('statement_timeout') AS timeout, current_setting('application_name') AS name`,
    );
    expect(rows).toEqual([{ mem: '7MB', zone: 'Asia/Tokyo', timeout: '0', name: 'sluice test' }]);
  });
});

function asVictim(database: TestDatabase): string {
  const url = new URL(database.url);
  url.username = 'victim';
  return url.href;
}

function quote(name: string, value: string): string {
  return name === 'search_path' || name === 'DateStyle' ? value : `'${value}'`;
}
