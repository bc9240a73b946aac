import { createServer } from 'node:http';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  findFreePort,
  portOf,
  postgres,
  startSluice,
  temporaryFolder,
  waitFor,
} from '../kit/index.ts';
import { runHere } from './fake-io.ts';
import { connect } from './pool-process.ts';

const server = postgres();

/** A sluice.toml with a pool before one database, and a status page unless there is to be none. */
async function writeToml(page: number | null, more = ''): Promise<string> {
  const database = await server.database();
  const file = join(temporaryFolder(), 'sluice.toml');
  const service = page === null ? '' : `[service]\nstatus_listen = "127.0.0.1:${page}"\n`;
  await writeFile(
    file,
    `[databases]
shop = "${database.url}"
${service}[pool]
listen = "127.0.0.1:0"
auth_type = "any"
admin_users = ["postgres"]
pool_mode = "transaction"
default_pool_size = 1
${more}
[pool.databases.app]
database = "shop"
login = "entry"
`,
  );
  return file;
}

test.each([
  [['run', '--config'], 1],
  [['run', '--config'], 2],
  [['pool', 'run', '--config'], 1],
])('shows the pool of sluice %s with %i threads', async (command, workers) => {
  const file = await writeToml(await findFreePort(), `workers = ${workers}`);
  const sluice = startSluice([...command, file]);
  const [, port] = await sluice.says(/"addresses":\["127\.0\.0\.1:(\d+)"/);
  const clients = await Promise.all([1, 2, 3, 4].map(() => connect(Number(port))));
  await clients[0]!.query('BEGIN');
  const waiting = clients[1]!.query('SELECT 1');
  const status = async () =>
    JSON.parse((await runHere(['status', '--config', file, '--json'])).stdout);
  await waitFor('all of them to be seen', async () => {
    const [{ pool }] = await status();
    return pool?.clients === 4 && pool.waiting === 1;
  });
  const app = { clients: 4, waiting: 1, servers: 1, paused: false };
  expect(await status()).toMatchObject([
    { name: 'pool', pool: { ...app, draining: false, databases: { app } } },
  ]);
  await clients[0]!.query('COMMIT');
  await waiting;
  const console = await connect(Number(port), 'pgbouncer');
  await console.query('PAUSE app');
  const shown = await waitFor('every thread to tell of its closed servers', async () => {
    const said = await runHere(['status', '--config', file]);
    return /^ {2}app +4 clients, 0 waiting, 0 servers, paused$/m.test(said.stdout) ? said : null;
  });
  expect(shown.exitCode).toBe(0);
  expect(shown.stdout).toContain('pool         running\n');
  await console.query('RESUME app');
  // Not killed: several threads have a folder that they put away.
  await Promise.all([...clients, console].map((client) => client.end()));
  await sluice.stop();
});

test('says why it cannot show it', async () => {
  const stranger = createServer((_request, response) => response.end('{"parts":[]}'));
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  onTestFinished(() => void stranger.close());
  const taken = portOf(stranger);
  const free = await findFreePort();
  for (const [page, reason] of [
    [null, 'status_listen of [service] is not set'],
    [free, `nothing answers at 127.0.0.1:${free}`],
    [taken, `127.0.0.1:${taken} is no status page of a pool`],
  ] as const) {
    const file = await writeToml(page);
    expect(await runHere(['status', '--config', file])).toEqual({
      exitCode: 0,
      stdout: `pool  does not run, or cannot be asked: ${reason}\n`,
      stderr: '',
    });
    const { stdout } = await runHere(['status', '--config', file, '--json']);
    expect(JSON.parse(stdout)).toEqual([{ name: 'pool', pool: null, reason }]);
  }
});
