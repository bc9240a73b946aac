import { writeFile } from 'node:fs/promises';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { installScript } from '../../src/queue/index.ts';
import { runHere } from '../cli/fake-io.ts';
import {
  postgres,
  startSluice,
  temporaryFolder,
  waitFor,
  type TestDatabase,
} from '../kit/index.ts';
import { queueDatabase } from './databases.ts';

const server = postgres();
const run = promisify(execFile);

function connstr({ url }: TestDatabase, withDatabase: boolean): string {
  const { hostname, port, username, pathname } = new URL(url);
  const name = withDatabase ? `dbname=${pathname.slice(1)} ` : '';
  return `${name}host=${hostname} port=${port} user=${username}`;
}

const ticked = (database: TestDatabase) =>
  waitFor('a tick', async () => {
    await database.query("SELECT pgq.insert_event('q', 't', 'd')");
    return (await database.value<number>('SELECT count(*)::int FROM pgq.tick')) > 3;
  });

test("pgqadm's commands are understood", async () => {
  const database = await server.database();
  const file = join(temporaryFolder(), 'pgqadm.ini');
  await writeFile(
    file,
    `[pgqadm]\njob_name = adm\ndb = ${connstr(database, true)}\nmaint_delay_min = 5\nloop_delay = 1\npidfile = ~/pid/%(job_name)s.pid\nuse_skylog = 0\nlogfile = ~/log/%(job_name)s.log\n`,
  );
  const pgqadm = (...args: string[]) => runHere(['queue', 'pgqadm', file, ...args]);
  expect(await pgqadm('install')).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await pgqadm('create', 'q')).stdout).toBe('q: made\n');
  expect((await pgqadm('register', 'q', 'c')).exitCode).toBe(0);
  expect((await pgqadm('config', 'q', 'queue_ticker_max_lag=7 s')).exitCode).toBe(0);
  expect(
    await database.rows('SELECT queue_name, queue_ticker_max_lag::text AS lag FROM pgq.queue'),
  ).toEqual([{ queue_name: 'q', lag: '00:00:07' }]);
  expect((await pgqadm('status')).stdout).toMatch(/^q\/c /m);
  expect((await pgqadm('config')).stdout).toMatch(/^q /m);
  expect((await pgqadm('unregister', 'q', 'c')).exitCode).toBe(0);
  expect((await pgqadm('drop', 'q')).exitCode).toBe(0);
  expect(await database.value('SELECT count(*)::int FROM pgq.queue')).toBe(0);
  expect(await pgqadm('dorp', 'q')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('unknown command dorp'),
  });
  expect((await pgqadm('create-node', 'x')).stderr).toContain(
    'there are no cascades of nodes here',
  );
  expect((await pgqadm('register', 'q')).stderr).toContain('register needs a queue and a consumer');
});

describe('pgqd', { timeout: 180_000 }, () => {
  test('keeps all databases that have queues, also later ones', async () => {
    const first = await queueDatabase(server);
    const other = await server.database();
    const file = join(temporaryFolder(), 'pgqd.ini');
    await writeFile(
      file,
      `[pgqd]\nbase_connstr = ${connstr(first, false)}\ninitial_database = postgres\ncheck_period = 0.2\nsyslog = 0\n`,
    );
    const pgqd = startSluice(['queue', 'ticker', file]);
    await ticked(first);
    const second = await server.database();
    await second.query(installScript());
    await second.query("SELECT pgq.create_queue('q')");
    await ticked(second);
    expect((await pgqd.stop()).exitCode).toBe(0);
    expect(pgqd.stderr).toContain('syslog has no effect');
    expect(pgqd.stderr).not.toContain(`"database":"${other.name}"`);
  });

  test('is found by its name, with its switches', async () => {
    const database = await queueDatabase(server);
    const folder = temporaryFolder();
    const [file, pgqd] = [join(folder, 'pgqd.ini'), join(folder, 'pgqd')];
    symlinkSync(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)), pgqd);
    const call = (...args: string[]) => run(process.execPath, [pgqd, ...args]);
    await writeFile(
      file,
      `[pgqd]\nbase_connstr = ${connstr(database, false)}\ndatabase_list = ${database.name}\npidfile = ${join(folder, 'pid')}\nlogfile = ${join(folder, 'log')}\n`,
    );
    expect((await call('--ini')).stdout).toContain('base_connstr =');
    await call('-d', file);
    onTestFinished(() =>
      call('-k', file).then(
        () => undefined,
        () => undefined,
      ),
    );
    await ticked(database);
    await call('-s', file);
    await waitFor('its end', () =>
      call('-r', file).then(
        () => false,
        (error: Error) => error.message.includes('JOBS_NOT_RUNNING'),
      ),
    );
  });
});
