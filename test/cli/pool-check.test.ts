import { createServer } from 'node:net';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { poolFindingSpecs } from '../../src/pool/index.ts';
import { postgres, temporaryFolder } from '../kit/index.ts';
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
    stdout: 'nothing found\n',
    stderr: '',
  });
});

test('names servers that are not there, logins that are refused, files and addresses, all at once', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
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
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^pool: 1 block, 0 warn\nblocks CHECK_POOL_SERVER app /);
});
