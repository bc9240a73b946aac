import { execFile } from 'node:child_process';
import { DatabaseError, type Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { postgres, waitFor } from '../../kit/index.ts';
import { startScene, type Scene, type SceneOptions } from '../scene.ts';
import { ask, errorOf } from './ask.ts';

const server = postgres();

async function scene(options: Partial<SceneOptions> = {}): Promise<Scene> {
  const database = await server.database();
  return startScene({
    databases: { app: database.url },
    settings: { pool_mode: 'transaction' },
    ...options,
  });
}

async function rows(client: Client, text: string): Promise<Record<string, unknown>[]> {
  return (await client.query<Record<string, unknown>>(text)).rows;
}

/** Names by the reference of pgBouncer's newest release. */
const columns: Readonly<Record<string, string>> = {
  DATABASES:
    'name host port database force_user pool_size min_pool_size reserve_pool_size server_lifetime pool_mode load_balance_hosts max_connections current_connections max_client_connections current_client_connections paused disabled',
  POOLS:
    'database user cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active sv_active_cancel sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait maxwait_us pool_mode load_balance_hosts',
  PEERS: 'peer_id host port pool_size',
  PEER_POOLS: 'peer_id cl_active_cancel_req cl_waiting_cancel_req sv_active_cancel sv_login',
  CLIENTS:
    'type user database replication state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements id pin_reason',
  SERVERS:
    'type user database replication state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements id',
  USERS:
    'name pool_size reserve_pool_size pool_mode max_user_connections current_connections max_user_client_connections current_client_connections',
  LISTS: 'list items',
  STATS:
    'database total_server_assignment_count total_xact_count total_query_count total_received total_sent total_xact_time total_query_time total_wait_time total_client_parse_count total_server_parse_count total_bind_count total_client_login_count avg_server_assignment_count avg_xact_count avg_query_count avg_recv avg_sent avg_xact_time avg_query_time avg_wait_time avg_client_parse_count avg_server_parse_count avg_bind_count avg_client_login_count',
  STATS_TOTALS:
    'database server_assignment_count xact_count query_count bytes_received bytes_sent xact_time query_time wait_time client_parse_count server_parse_count bind_count client_login_count',
  TOTALS: 'name value',
  MEM: 'name size used free memtotal',
  STATE: 'key value',
  DNS_HOSTS: 'hostname ttl addrs',
  DNS_ZONES: 'zonename serial count',
  CONFIG: 'key value default changeable',
  VERSION: 'version',
};

test.each(Object.entries(columns))('SHOW %s has its columns in order', async (show, names) => {
  const pool = await scene({ peers: { 1: 'host=127.0.0.1 port=1' } });
  const { fields } = await (await pool.console()).query(`show ${show.toLowerCase()}`);
  expect(fields.map(({ name }) => name).join(' ')).toBe(names);
});

test('SHOW HELP is a notice with its text exact', async () => {
  const pool = await scene();
  const client = await pool.console();
  const notices: unknown[] = [];
  client.on('notice', ({ severity, code, message, detail }) =>
    notices.push([severity, code, message, detail]),
  );
  expect(await ask(client, 'SHOW HELP')).toEqual({ tag: 'SHOW', columns: [] });
  expect(notices).toEqual([
    [
      'NOTICE',
      '00000',
      'Console usage',
      `
	SHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION
	SHOW PEERS|PEER_POOLS
	SHOW FDS|SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE
	SHOW DNS_HOSTS|DNS_ZONES
	SHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS
	SET key = arg
	RELOAD
	PAUSE [<db>]
	RESUME [<db>]
	DISABLE <db>
	ENABLE <db>
	RECONNECT [<db>]
	KILL [<db>]
	KILL_CLIENT <client_id>
	SUSPEND
	SHUTDOWN
	SHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS
	WAIT_CLOSE [<db>]`,
    ],
  ]);
});

test('several statements, comments and semicolons are taken as psql sends them', async () => {
  const pool = await scene();
  const client = await pool.console();
  const results: unknown = await client.query(
    'show version; -- and\n SHOW STATE;; /* x */ select lists',
  );
  expect(results).toMatchObject([{ command: 'SHOW' }, { rowCount: null }, { command: 'SHOW' }]);
  expect(await ask(client, '')).toMatchObject({ columns: [] });
  expect(await ask(client, 'show version; nonsense here; show state')).toEqual({
    error: "ERROR 08P01 invalid command 'nonsense here', use SHOW HELP;",
  });
});

test('psql shows and commands', async () => {
  const pool = await scene();
  const commands = ['-c', 'show version', '-c', 'PAUSE app', '-c', 'resume app;', '-c', 'nonsense'];
  const { stdout, stderr } = await psql(pool.url('pgbouncer'), commands);
  expect(stdout).toMatch(/PgBouncer 1\.\d+\.\d+ \(Sluice [\d.]+\)[^]*PAUSE\nRESUME\n/);
  expect(stderr).toBe("ERROR:  invalid command 'nonsense', use SHOW HELP;\n");
});

describe('over the extended protocol', () => {
  test('a named statement is prepared once and run again', async () => {
    const pool = await scene();
    const client = await pool.console();
    for (let i = 0; i < 2; i++) {
      const { rows } = await client.query({ name: 'databases', text: 'SHOW DATABASES' });
      expect(rows).toMatchObject([{ name: 'app', paused: 0 }, { name: 'pgbouncer' }]);
    }
    const clients = await rows(client, 'SHOW CLIENTS');
    expect(clients).toMatchObject([{ database: 'pgbouncer', prepared_statements: 1 }]);
  });

  test('values come in binary where they are asked for', async () => {
    const pool = await scene();
    const app = await pool.client('app');
    for (let i = 0; i < 3; i++) await app.query('SELECT 1');
    const client = await pool.console();
    // The client's own reading of binary numerics is wrong: the server's bytes are the measure.
    const asBytes = { binary: true, types: { getTypeParser: () => String } } as const;
    const stats = { ...asBytes, name: 's', text: 'SHOW STATS' };
    const { rows: told, fields } = await client.query<Record<string, unknown>>(stats);
    const field = fields.find(({ name }) => name === 'total_query_count');
    expect(field).toMatchObject({ dataTypeID: 1700, format: 'binary' });
    const three = { ...asBytes, name: 'n', text: 'SELECT 3::numeric AS n, 0::numeric AS zero' };
    const [wanted] = (await app.query<Record<string, unknown>>(three)).rows;
    expect(told[0]?.['total_query_count']).toBe(wanted?.['n']);
    expect(told[0]?.['total_bind_count']).toBe(wanted?.['zero']);
    const ints = { name: 'd', text: 'SHOW DATABASES', binary: true } as const;
    const { rows: databases } = await client.query<Record<string, unknown>>(ints);
    expect(databases[0]).toMatchObject({ name: 'app', pool_size: 20, paused: 0 });
  });

  test('after an error everything is skipped up to Sync, and the session goes on', async () => {
    const pool = await scene();
    const client = await pool.console();
    expect(await errorOf(client.query({ text: 'nonsense', values: [], name: 'a' }))).toBe(
      "ERROR 08P01 invalid command 'nonsense', use SHOW HELP;",
    );
    expect(
      await errorOf(client.query({ text: 'show version; show state', values: [], name: 'b' })),
    ).toBe('ERROR 42601 cannot insert multiple commands into a prepared statement');
    expect(await errorOf(client.query('KILL_CLIENT $1', [5]))).toMatch(/bind message supplies 1/);
    expect(await ask(client, 'SHOW VERSION')).toEqual({ tag: 'SHOW', columns: ['version:25/-1'] });
  });

  test('rows come in portions', async () => {
    const pool = await scene();
    const client = await pool.console();
    const portion = { text: 'SHOW CONFIG', values: [], rows: 5 };
    expect((await client.query(portion)).rows.length).toBeGreaterThan(60);
  });
});

describe('who may do what', () => {
  test('stats_users may look at everything but file descriptors', async () => {
    const pool = await scene();
    const client = await pool.console('stats');
    for (const show of Object.keys(columns)) {
      expect(await ask(client, `SHOW ${show}`), show).toMatchObject({ tag: 'SHOW' });
    }
    expect(await ask(client, 'SHOW FDS')).toEqual({ error: 'ERROR 08P01 admin access needed' });
    expect(await ask(await pool.console(), 'SHOW FDS')).toMatchObject({ tag: 'SHOW' });
  });

  test('KILL_CLIENT is for admin_users (CVE-2026-6667)', async () => {
    const pool = await scene();
    const app = await pool.client('app');
    const admin = await pool.console();
    const [victim] = await rows(admin, 'SHOW CLIENTS');
    const kill = `KILL_CLIENT ${String(victim?.['id'])}`;
    const stats = await pool.console('stats');
    expect(await ask(stats, kill)).toEqual({ error: 'ERROR 08P01 admin access needed' });
    expect(await ask(stats, 'KILL_CLIENT x')).toEqual({ error: 'ERROR 08P01 admin access needed' });
    await app.query('SELECT 1');
    expect(await ask(admin, kill)).toEqual({ tag: 'KILL', columns: [] });
    await expect(app.query('SELECT 1')).rejects.toThrow();
  });

  test('a user of neither list is not let in', async () => {
    const pool = await scene();
    await expect(pool.console('outsider')).rejects.toThrow(DatabaseError);
  });
});

test('clients and servers are told with their states, and linked', async () => {
  const pool = await scene({ settings: { pool_mode: 'transaction', default_pool_size: 1 } });
  const [first, second] = [await pool.client('app'), await pool.client('app')];
  await pool.client('app');
  await first.query('BEGIN');
  const waiting = second.query('SELECT 1');
  const admin = await pool.console();
  const states = async (): Promise<unknown[]> =>
    (await rows(admin, 'SHOW CLIENTS')).map(({ state }) => state);
  await waitFor('one to wait', async () => (await states()).includes('waiting'));
  const clients = await rows(admin, 'SHOW CLIENTS');
  const [sv] = await rows(admin, 'SHOW SERVERS');
  const active = clients.find(({ state }) => state === 'active');
  expect(sv).toMatchObject({ type: 'S', state: 'active', addr: '127.0.0.1', port: server.port });
  expect(sv?.['link']).toBe(active?.['ptr']);
  expect(active?.['link']).toBe(sv?.['ptr']);
  expect(await rows(admin, 'SHOW POOLS')).toMatchObject([
    { database: 'app', cl_active: 2, cl_waiting: 1, sv_active: 1, pool_mode: 'transaction' },
    { database: 'pgbouncer', user: 'pgbouncer', cl_active: 1 },
  ]);
  await first.query('COMMIT');
  await waiting;
});

async function psql(
  url: string,
  args: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ stdout: string; stderr: string }>();
  // The last command is to fail, and psql with it.
  execFile('psql', ['-X', url, ...args], (_error, stdout, stderr) => resolve({ stdout, stderr }));
  return promise;
}
