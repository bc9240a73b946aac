import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { portOf, postgres, runSluice, temporaryFolder } from '../kit/index.ts';
import { clientTls } from '../pool/protocol/tls.ts';
import { connect, lineTo, startPool, writeIni } from './pool-process.ts';

const run = promisify(execFile);
const server = postgres();

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

describe('sluice pool run FILE.ini', () => {
  test('serves pg clients, and its console', async () => {
    const database = await server.database('CREATE TABLE t AS SELECT 42 AS n');
    const { port } = await startPool(
      await writeIni(folder, { databases: { app: lineTo(database) } }),
    );
    const client = await connect(port);
    expect((await client.query('SELECT n FROM t WHERE n = $1', [42])).rows).toEqual([{ n: 42 }]);
    const console = await connect(port, 'pgbouncer');
    const { rows } = await console.query('SHOW DATABASES');
    expect(rows).toContainEqual(expect.objectContaining({ name: 'app', database: database.name }));
  });

  test('serves psql over its Unix socket', async () => {
    const database = await server.database();
    const settings = { unix_socket_dir: folder, listen_port: 0 };
    const file = await writeIni(folder, { databases: { app: lineTo(database) }, settings });
    const { port } = await startPool(file);
    const { stdout } = await run('psql', [
      '-h',
      folder,
      '-p',
      String(port),
      '-U',
      'postgres',
      '-Atc',
      'select 6*7',
      'app',
    ]);
    expect(stdout).toBe('42\n');
  });

  test('names a file that is not there', async () => {
    const missing = await runSluice(['pool', 'run', join(folder, 'none.ini')]);
    expect(missing).toMatchObject({ exitCode: 2 });
    expect(missing.stderr).toMatch(/POOL_CONFIG.*none\.ini.*problems: 1\n.*\ncorrect them/);
  });

  test('says of the file which lines are wrong, all of them, and starts nothing', async () => {
    const file = join(folder, 'bad.ini');
    await writeFile(
      file,
      [
        '[databases]',
        'app = hots=1',
        '[pgbouncer]',
        'listen_prt = 1',
        'pool_mode = trans',
        '',
      ].join('\n'),
    );
    const { exitCode, stderr } = await runSluice(['pool', 'run', file]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${file}:2: app: hots: unknown key; did you mean host?`);
    expect(stderr).toContain(`${file}:4: listen_prt: unknown key; did you mean listen_port?`);
    expect(stderr).toContain(`${file}:5: pool_mode: `);
  });

  test('names file and line of what is wrong in the users file', async () => {
    const users = join(folder, 'users.txt');
    await writeFile(users, '"app" "secret"\n"postgres\n');
    const settings = { auth_type: 'md5', auth_file: users };
    const { exitCode, stderr } = await runSluice([
      'pool',
      'run',
      await writeIni(folder, { databases: {}, settings }),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${users}:2`);
    expect(stderr).not.toContain('secret');
  });

  test('names a users file that cannot be read', async () => {
    const settings = { auth_type: 'md5', auth_file: join(folder, 'none.txt') };
    const { exitCode, stderr } = await runSluice([
      'pool',
      'run',
      await writeIni(folder, { databases: {}, settings }),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/POOL_AUTH_FILE_UNREADABLE.*none\.txt cannot be read: ENOENT/);
  });

  test('names the port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const port = portOf(taken);
    const settings = { listen_port: port };
    const { exitCode, stderr } = await runSluice([
      'pool',
      'run',
      await writeIni(folder, { databases: {}, settings }),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`POOL_LISTEN: cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`),
    );
  });

  test.each([
    [
      { listen_addr: '192.0.2.1' },
      /POOL_LISTEN_ADDRESS: .*EADDRNOTAVAIL.*addresses of this machine/,
    ],
    [
      { listen_addr: 'nowhere.invalid' },
      /POOL_LISTEN_ADDRESS: .*nowhere\.invalid.*of this machine/,
    ],
    [{ unix_socket_dir: '/none' }, /POOL_LISTEN_SOCKET: .*\/none\/.*unix_socket_dir/],
    [
      { pidfile: '/none/pid' },
      /COMMAND_PIDFILE_UNWRITABLE: pidfile \/none\/pid .*: ENOENT; make its folder/,
    ],
  ])('says what to do about %j, and listens nowhere', async (settings, told) => {
    const file = await writeIni(folder, { databases: {}, settings });
    const { exitCode, stderr } = await runSluice(['pool', 'run', file]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(told);
    expect(stderr).not.toContain('"msg":"listening"');
  });

  test('says of a key that it is none, in which file', async () => {
    const settings = await clientTls();
    const { client_tls_cert_file: cert = '' } = settings;
    const wrong = { ...settings, client_tls_key_file: cert };
    const file = await writeIni(folder, { databases: {}, settings: wrong });
    const { stderr } = await runSluice(['pool', 'run', file]);
    expect(stderr).toContain(`POOL_TLS: client_tls_key_file ${cert} holds no private key`);
  });
});
