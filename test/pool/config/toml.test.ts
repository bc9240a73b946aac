import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  configKeys,
  convertToToml,
  loadPgbouncerIni,
  poolConfigFromToml,
  poolSchema,
  type PoolerConfig,
} from '../../../src/pool/config/index.ts';
import { Secret } from '../../../src/session/index.ts';
import { temporaryFolder } from '../../kit/index.ts';
import { loadText } from './problems-of.ts';

const fileSchema = z.object({
  databases: z.record(z.string(), z.union([z.string(), z.object({ url_env: z.string() })])),
  pool: poolSchema,
});

/** The config of a TOML text; `passwords` are by the environment variable that is to hold them. */
async function loadToml(text: string, passwords: Record<string, string> = {}) {
  const { databases, pool } = fileSchema.parse(parse(text));
  return poolConfigFromToml(pool, {
    file: '/etc/sluice/sluice.toml',
    env: {},
    connectionOf: (name) => {
      const entry = databases[name];
      if (entry === undefined) return Promise.reject(new Error(`no database ${name}`));
      if (typeof entry === 'string') return Promise.resolve(new Secret(entry));
      const said = new RegExp(String.raw`${entry.url_env} to:\n#   (.*)password=\*\*\*`).exec(text);
      const password = passwords[entry.url_env] ?? '';
      const quoted = `'${password.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
      return Promise.resolve(new Secret(`${said?.[1]}password=${quoted}`));
    },
  });
}

/** Settings that the TOML leaves to `[service]`, to the service manager, or to each connection string. */
const elsewhere = new Set(
  configKeys
    .filter((key) => (key.inert ?? key.elsewhere) !== undefined)
    .map(({ name }) => name)
    .filter((name) => !['listen_addr', 'listen_port', 'unix_socket_dir'].includes(name)),
);

const file = (name: string) => (name === '' ? '' : resolve(name));
const isFile = (name: string) => name.startsWith('auth_') && name.endsWith('_file');

/** What a pooler does by a config, however it was written. */
function effective({ settings, databases, users, peers }: PoolerConfig) {
  return {
    settings: Object.fromEntries(
      Object.entries(settings)
        .filter(([name]) => !elsewhere.has(name))
        .map(([name, value]) => [name, isFile(name) ? file(String(value)) : value]),
    ),
    databases: [...databases.values()].map((entry) => ({
      ...entry,
      dbname: entry.dbname ?? (entry.name === '*' ? null : entry.name),
      hosts: entry.hosts.length > 0 ? entry.hosts : [settings.unix_socket_dir],
      password: entry.user === null ? null : entry.password?.reveal(),
      tls: entry.tls ?? {
        sslmode: settings.server_tls_sslmode,
        caFile: file(settings.server_tls_ca_file),
        certFile: file(settings.server_tls_cert_file),
        keyFile: file(settings.server_tls_key_file),
      },
    })),
    users: [...users.values()],
    peers: [...peers.values()],
  };
}

const full = String.raw`
[databases]
shop = host=10.0.0.5 port=5433 dbname=shop_prod user=app password='it''s \x' pool_size=30 reserve_pool=5 connect_query='select ''a b''' pool_mode=Transaction
reports = host=db1,db2 target_session_attrs=prefer-standby load_balance_hosts=disable timezone=UTC
local =
"odd ""name" = dbname='x y' query_wait_timeout=-1 server_lifetime=90.5
* = host=fallback dbname=everything
[users]
joe = pool_mode=session max_user_connections=3 query_timeout=1.5
"a b" =
[peers]
2 = host=/run/pb2 port=6433
[pgbouncer]
peer_id = 1
listen_addr = 127.0.0.1, ::1
listen_port = 7432
unix_socket_dir = /run/pb
unix_socket_mode = 0770
auth_type = SCRAM-sha-256
auth_file = users.txt
auth_query = SELECT "a", 'b\' FROM f($1)
admin_users = a, b
query_wait_timeout = 0.25
server_lifetime = 86400
server_idle_timeout = 0.000001
verbose = 1
logfile = x.log
pidfile = x.pid
syslog = 1
server_tls_sslmode = verify-full
server_tls_ca_file = ca.pem
so_reuseport=1
server_check_query =
`;

describe('a pgbouncer.ini turned into TOML', () => {
  test('does the same', async () => {
    const file = join(temporaryFolder(), 'p.ini');
    await writeFile(file, full);
    const config = await loadToml(await convertToToml(file), {
      POOL_SHOP_URL: String.raw`it's \x`,
    });
    expect(effective(config)).toEqual(effective(await loadPgbouncerIni(file)));
  });

  test('holds no password, and says which variable is to hold it', async () => {
    const file = join(temporaryFolder(), 'p.ini');
    await writeFile(file, full);
    const toml = await convertToToml(file);
    expect(toml).not.toContain(String.raw`\x`);
    expect(toml).toContain(
      '# Its password is not repeated here. Set the environment variable POOL_SHOP_URL to:\n' +
        '#   host=10.0.0.5 port=5433 dbname=shop_prod user=app',
    );
    expect(toml).toContain('shop = { url_env = "POOL_SHOP_URL" }');
  });

  test('says what was left out', async () => {
    const file = join(temporaryFolder(), 'p.ini');
    await writeFile(file, full);
    const toml = await convertToToml(file);
    expect(toml).toMatch(/^# Left out: pidfile \(/m);
    expect(toml).toMatch(/^# Left out: syslog \(/m);
    expect(toml).toContain(`[service]\nlog_file = "${resolve('x.log')}"\nlog_level = "debug"`);
  });

  test('takes other names where two databases would share one', async () => {
    const file = join(temporaryFolder(), 'p.ini');
    await writeFile(
      file,
      '[pgbouncer]\n[databases]\n* = host=a user=u password=p\nany = host=b user=u password=p\n' +
        'a-b = host=c user=u password=p\na.b = host=d user=u password=p\n',
    );
    const toml = await convertToToml(file);
    expect(toml).toContain('any_2 = { url_env = "POOL_ANY_2_URL" }');
    expect(toml).toContain('any = { url_env = "POOL_ANY_URL" }');
    expect(toml).toContain('a-b = { url_env = "POOL_A_B_URL" }');
    expect(toml).toContain('"a.b" = { url_env = "POOL_A_B_URL_2" }');
  });

  test('does the same for any values', async () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((text) =>
      // What an ini cannot hold: ends of lines, and blanks at the ends.
      text.replaceAll(/[\s\0]/g, '_'),
    );
    const quoted = word.map((text) => `'${text.replaceAll("'", "''")}'`);
    const seconds = fc.integer({ min: 0, max: 10_000_000_000 }).map((us) => us / 1e6);
    const ini = fc
      .record({
        query: word,
        message: word,
        wait: seconds,
        size: fc.integer({ min: -1, max: 1000 }),
        host: fc.constantFrom('a', 'a,b', '/tmp', '::1', '@x'),
        dbname: quoted,
        user: quoted,
        mode: fc.constantFrom('session', 'transaction', 'statement', 'auto'),
      })
      .map(
        (is) => `[pgbouncer]
server_reset_query = ${is.query}
login_notify_message = ${is.message}
query_wait_timeout = ${is.wait}
pool_mode = ${is.mode}
[databases]
x = host=${is.host} dbname=${is.dbname} user=${is.user} pool_size=${is.size} connect_query=${is.user}
* = host=${is.host} query_wait_timeout=${is.wait}
[users]
u = query_timeout=${is.wait} pool_mode=${is.mode}
`,
      );
    const file = join(temporaryFolder(), 'p.ini');
    await fc.assert(
      fc.asyncProperty(ini, async (text) => {
        await writeFile(file, text);
        const config = await loadToml(await convertToToml(file));
        expect(effective(config)).toEqual(effective(await loadPgbouncerIni(file)));
      }),
      { numRuns: 100 },
    );
  });
});

describe('[pool]', () => {
  test('works empty: pgBouncer’s defaults, and this machine only', async () => {
    const { settings } = await loadToml('databases = {}\n[pool]\n');
    const usual = await loadText('[pgbouncer]\nlisten_addr = 127.0.0.1\nunix_socket_dir = /tmp\n');
    expect({ ...settings, conffile: '' }).toEqual({
      ...usual.settings,
      unix_socket_dir: '',
      conffile: '',
    });
  });

  test('takes its servers from the connection string, and the user only when told to', async () => {
    const { databases } = await loadToml(
      `
[databases]
shop = "postgres://app:s3cret@db1,db2:5433/prod?sslmode=verify-ca&sslrootcert=/ca.pem&target_session_attrs=primary"
[pool.databases.a]
database = "shop"
[pool.databases.b]
database = "shop"
login = "entry"
pool_size = 3
query_wait_timeout = "500ms"
[pool.databases."*"]
database = "shop"
`.replace('db1,db2:5433', 'db1:5433,db2:5433'),
    );
    expect(databases.get('a')).toMatchObject({
      dbname: 'prod',
      hosts: ['db1', 'db2'],
      port: 5433,
      user: null,
      password: null,
      targetSessionAttrs: 'primary',
      tls: { sslmode: 'verify-ca', caFile: '/ca.pem', certFile: '', keyFile: '' },
    });
    expect(databases.get('b')).toMatchObject({ user: 'app', poolSize: 3, queryWaitTimeout: 0.5 });
    expect(databases.get('b')?.password?.reveal()).toBe('s3cret');
    expect(databases.get('*')).toMatchObject({ dbname: null, hosts: ['db1', 'db2'] });
  });

  test('refuses what a connection string demands and a pool cannot keep', async () => {
    const text = `
[databases]
a = "host=x,y port=1,2 dbname=d user=u"
b = "host=x dbname=d user=u password=s3cret channel_binding=require"
c = "host=x dbname=d user=u bogus=1"
d = "host=x dbname=d user=u options='-c a=b'"
[pool.databases.a]
database = "a"
[pool.databases.b]
database = "b"
[pool.databases.c]
database = "c"
[pool.databases.d]
database = "d"
`;
    const problem = expect.objectContaining({
      code: 'POOL_CONFIG',
      details: expect.objectContaining({ count: 3 }),
      message: expect.stringMatching(
        /databases\.a: all hosts must have one port\n.*databases\.b: channel_binding=require[^]*databases\.c: /,
      ),
    });
    await expect(loadToml(text)).rejects.toThrow(problem);
    const { warnings } = await loadToml(
      '[databases]\nd = "host=x dbname=d user=u options=\'-c a=b\'"\n[pool.databases.d]\ndatabase = "d"\n',
    );
    expect(warnings).toEqual([
      '/etc/sluice/sluice.toml: pool.databases.d: options: has no effect in the pool',
    ]);
  });

  test('finds its files beside it', async () => {
    const { settings } = await loadToml('databases = {}\n[pool]\nauth_file = "users.txt"\n');
    expect(settings.auth_file).toBe('/etc/sluice/users.txt');
  });

  test.each([
    ['"*:6432"', ['*'], 6432, ''],
    ['":7000"', ['127.0.0.1'], 7000, ''],
    ['["127.0.0.1:7000", "[::1]:7000", "/run/x"]', ['127.0.0.1', '::1'], 7000, '/run/x'],
    ['"/run/x"', [], 6432, '/run/x'],
    ['"/run/x:7000"', [], 7000, '/run/x'],
    ['"@name"', [], 6432, '@name'],
  ])('listen = %s', async (source, hosts, port, folder) => {
    const { settings } = await loadToml(`databases = {}\n[pool]\nlisten = ${source}\n`);
    expect(settings).toMatchObject({
      listen_addr: hosts,
      listen_port: port,
      unix_socket_dir: folder,
    });
  });

  test.each([
    ['listen = "nine"', 'listen', 'expected host:port'],
    ['listen = ["a:1", "b:2"]', 'listen', 'expected the same port'],
    ['listen = ["/a", "/b"]', 'listen', 'expected at most one folder'],
    ['query_timeout = "soon"', 'query_timeout', 'expected a duration'],
    ['client_tls_protocols = "ssl"', 'client_tls_protocols', 'expected secure, all'],
    ['client_tls_sslmode = "require"', 'client_tls_sslmode', 'needs client_tls_key_file'],
    ['unix_socket_mode = "9"', 'unix_socket_mode', 'expected permission bits'],
    ['admin_users = ["a,b"]', 'admin_users.0', 'without commas'],
  ])('%s is refused', (line, path, message) => {
    const result = poolSchema.safeParse(parse(line));
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
    expect(result.error?.issues[0]?.message).toContain(message);
  });
});
