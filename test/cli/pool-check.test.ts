import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { poolFindingSpecs } from '../../src/pool/index.ts';
import { portOf, postgres, temporaryFolder } from '../kit/index.ts';
import { clientTls } from '../pool/protocol/tls.ts';
import { runHere } from './fake-io.ts';
import { lineTo, writeIni } from './pool-process.ts';

const server = postgres();

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

test('finds nothing where everything is well, and logs in to be sure', async () => {
  const database = await server.database();
  const file = await writeIni(folder, { databases: { app: lineTo(database) } });
  expect(await runHere(['pool', 'check', file])).toEqual({
    exitCode: 0,
    stdout:
      'nothing found; looked at the configuration and the files that it names, 127.0.0.1:0, the servers of app\n',
    stderr: '',
  });
});

test('names servers that are not there, logins that are refused, files and addresses, all at once', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const port = portOf(taken);
  const database = await server.database();
  const file = await writeIni(folder, {
    databases: {
      away: 'host=127.0.0.1 port=1 user=app',
      nobody: lineTo(database).replace('user=postgres', 'user=nobody_known'),
      own: 'host=127.0.0.1 port=1',
    },
    settings: { listen_port: port, tcp_defer_accept: 1, max_client_conn: 2_000_000_000 },
  });
  const { exitCode, stdout } = await runHere(['pool', 'check', file, '--json']);
  expect(exitCode).toBe(1);
  const found: { code: string; subject: string }[] = JSON.parse(stdout);
  expect(found.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
    'CHECK_POOL_CONFIG configuration',
    `CHECK_POOL_ADDRESS 127.0.0.1:${port}`,
    'CHECK_POOL_OPEN_FILES max_client_conn',
    'CHECK_POOL_SERVER away (127.0.0.1:1)',
    expect.stringMatching(/^CHECK_POOL_LOGIN nobody /),
    'CHECK_POOL_SERVER own (127.0.0.1:1)',
  ]);
  for (const { code } of found) expect(Object.keys(poolFindingSpecs)).toContain(code);
});

test('names a file that cannot be read', async () => {
  const settings = { auth_type: 'md5', auth_file: join(folder, 'none.txt') };
  const file = await writeIni(folder, { databases: {}, settings });
  const { exitCode, stdout } = await runHere(['pool', 'check', file]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^blocks CHECK_POOL_FILE files: .*none\.txt/);
});

async function found(
  settings: Record<string, string | number>,
  databases: Record<string, string> = {},
): Promise<{ exitCode: number; lines: string[] }> {
  const file = await writeIni(folder, { databases, settings });
  const { exitCode, stdout } = await runHere(['pool', 'check', file]);
  return { exitCode, lines: stdout.split('\n').filter((line) => /^(blocks|warns)/.test(line)) };
}

test('names folders in which nothing can be written', async () => {
  const none = join(folder, 'none');
  const settings = {
    unix_socket_dir: none,
    pidfile: join(none, 'pid'),
    logfile: join(none, 'log'),
  };
  const { exitCode, lines } = await found({ ...settings, listen_port: 1 });
  expect(exitCode).toBe(1);
  expect(lines).toEqual(
    expect.arrayContaining([
      `blocks CHECK_POOL_FOLDER ${none}/.s.PGSQL.1: unix_socket_dir: ${none} cannot be written: ENOENT`,
      `blocks CHECK_POOL_FOLDER ${none}/pid: pidfile: ${none} cannot be written: ENOENT`,
      `blocks CHECK_POOL_FOLDER ${none}/log: logfile: ${none} cannot be written: ENOENT`,
    ]),
  );
});

test('names a process that runs, and secrets that everybody may read', async () => {
  const [pidfile, users] = [join(folder, 'pid'), join(folder, 'users')];
  await writeFile(pidfile, `${process.pid}\n`);
  await writeFile(users, '"app" ""\n', { mode: 0o644 });
  const { exitCode, lines } = await found({ pidfile, auth_type: 'md5', auth_file: users });
  expect(exitCode).toBe(0);
  expect(lines).toEqual([
    `warns  CHECK_POOL_RUNNING ${pidfile}: process ${process.pid} runs`,
    `warns  CHECK_POOL_SECRETS ${users}: its mode is 0644`,
  ]);
});

test('has auth_query asked once', async () => {
  const app = lineTo(await server.database());
  const settings = { auth_type: 'md5', auth_user: 'postgres' };
  const { exitCode, lines } = await found(
    { ...settings, auth_query: 'SELECT * FROM nowhere($1)' },
    { app },
  );
  expect(exitCode).toBe(1);
  expect(lines).toEqual([
    expect.stringMatching(
      /^blocks CHECK_POOL_AUTH_QUERY app: .*function nowhere\(unknown\) does not/,
    ),
  ]);
  expect(await found(settings, { app })).toEqual({ exitCode: 0, lines: [] });
});

test('names certificates and keys that are none, or do not belong together', async () => {
  const settings = await clientTls();
  const { client_tls_key_file: key = '', client_tls_cert_file: cert = '' } = settings;
  expect((await found(settings)).lines).toEqual([]);
  const { client_tls_key_file: other = '' } = await clientTls();
  const problem = async (changed: Record<string, string>): Promise<string> => {
    const { exitCode, lines } = await found({ ...settings, ...changed });
    expect(exitCode).toBe(1);
    return lines[0]!;
  };
  expect(await problem({ client_tls_key_file: other })).toContain(
    `POOL_TLS: client_tls_key_file ${other} does not belong to the certificate in ${cert}`,
  );
  expect(await problem({ client_tls_key_file: cert })).toContain(
    `client_tls_key_file ${cert} holds no private key`,
  );
  expect(await problem({ client_tls_cert_file: key })).toContain(
    `client_tls_cert_file ${key} holds no certificate`,
  );
  expect(await problem({ server_tls_sslmode: 'verify-ca', server_tls_ca_file: key })).toContain(
    `server_tls_ca_file ${key} holds no certificate`,
  );
  expect(await problem({ client_tls_ciphers: 'nonsense' })).toMatch(
    /client_tls_\*.* cannot be used/,
  );
});

test.skipIf(process.getuid?.() !== 0)('names a socket that another user has left', async () => {
  await chmod(folder, 0o1777);
  const file = await writeIni(folder, {
    databases: {},
    settings: { unix_socket_dir: folder, listen_port: 1, listen_addr: '' },
  });
  const left = createServer().listen(join(folder, '.s.PGSQL.2'));
  await once(left, 'listening');
  await rename(join(folder, '.s.PGSQL.2'), join(folder, '.s.PGSQL.1'));
  left.close();
  const nobody = { uid: 65_534, gid: 65_534 };
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'pool', 'check', file], { ...nobody, cwd: '/' });
  const stdout = await text(child.stdout);
  expect(stdout).toMatch(/^blocks CHECK_POOL_FOLDER .*\.s\.PGSQL\.1: another user has left it/);
});

test('sluice check looks at [pool] too, also where there is nothing else', async () => {
  const file = join(folder, 'sluice.toml');
  await writeFile(
    file,
    `[databases]
shop = "postgres://app@127.0.0.1:1/shop"
[pool]
listen = "127.0.0.1:0"
auth_type = "any"
[pool.databases.app]
database = "shop"
login = "entry"
`,
  );
  const { exitCode, stdout } = await runHere(['check', '--config', file]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^pool: 0 block, 1 warn\nwarns  CHECK_POOL_SERVER app /);
});
