import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runHere } from '../cli/fake-io.ts';
import { postgres, runSluice, temporaryFolder, waitFor } from '../kit/index.ts';
import { eventsOf, insertEvents, queueDatabase } from './databases.ts';

const server = postgres();

test('jobs are started, shown, reloaded and stopped', { timeout: 180_000 }, async () => {
  const source = await queueDatabase(server);
  const target = await queueDatabase(server, ['one', 'two']);
  await source.query("SELECT pgq.register_consumer('q', 'mover')");
  await insertEvents(source, [{ data: 'a' }, { data: 'b' }]);
  const folder = temporaryFolder();
  const [config, pidfile, logfile] = ['sluice.toml', 'mover.pid', 'mover.log'].map((name) =>
    join(folder, name),
  );
  const configure = (queue: string) =>
    writeFile(
      config!,
      `[databases]
shop = "${source.url}"
archive = "${target.url}"
[jobs.mover]
kind = "queue_mover"
source = "shop"
target = "archive"
queue = "q"
target_queue = "${queue}"
pidfile = "${pidfile}"
logfile = "${logfile}"
stats_period = "1h"
`,
    );
  await configure('one');
  onTestFinished(async () => {
    await runHere(['jobs', 'stop', 'mover', '--config', config!]);
  });
  const started = await runSluice(['jobs', 'start', '--all', '--config', config!]);
  expect(started).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^mover: started, as process \d+\n$/),
  });
  await waitFor('the first events', async () => (await eventsOf(target, 'one')).length === 2);
  const status = () => runHere(['jobs', 'status', '--config', config!]);
  await waitFor('the statistics', async () => (await status()).stdout.includes('count: 2'));
  expect((await status()).stdout).toMatch(
    /^mover +queue_mover +running +\d+ +duration: [\d.]+, count: 2|count: 2, duration/m,
  );
  expect((await runHere(['jobs', 'start', 'mover', '--config', config!])).stdout).toMatch(
    /runs already/,
  );

  await configure('two');
  expect(await runHere(['jobs', 'reload', 'mover', '--config', config!])).toMatchObject({
    stdout: 'mover: told\n',
  });
  await waitFor('the reload', async () =>
    (await readFile(logfile!, 'utf8')).includes('read again'),
  );
  await insertEvents(source, [{ data: 'c' }]);
  await waitFor('the third event', async () => (await eventsOf(target, 'two')).length === 1);

  await writeFile(config!, (await readFile(config!, 'utf8')).replace('queue = "q"', 'queue = 7'));
  const pid = Number.parseInt(await readFile(pidfile!, 'utf8'), 10);
  process.kill(pid, 'SIGHUP');
  await waitFor('the refusal', async () =>
    (await readFile(logfile!, 'utf8')).includes('goes on as before'),
  );
  await configure('two');
  expect(await runHere(['jobs', 'stop', '--all', '--config', config!])).toMatchObject({
    stdout: 'mover: stopped\n',
  });
  expect((await status()).stdout).toMatch(/^mover +queue_mover +stopped +-/m);
  await expect(readFile(pidfile!)).rejects.toThrow('ENOENT');
  await writeFile(`${pidfile}.status`, '{"totals": {"cou');
  expect((await status()).stdout).toMatch(/^mover +queue_mover +stopped +-/m);
  expect(await runHere(['jobs', 'stop', 'mover', '--config', config!])).toMatchObject({
    stdout: 'mover: does not run\n',
  });
});

test('what keeps a job from starting is told', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'mover.ini');
  await writeFile(file, '[queue_mover]\nsrc_db = dbname=a\ndst_db = dbname=b\nqueue_name = q\n');
  expect(await runHere(['jobs', 'start', file])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('COMMAND_DETACHED_NEEDS'),
  });
  const config = join(folder, 'sluice.toml');
  await writeFile(
    config,
    '[databases]\na = "postgres:///a"\nb = "postgres:///b"\n' +
      '[jobs.mover]\nkind = "queue_mover"\nsource = "a"\ntarget = "b"\nqueue = "q"\n',
  );
  const start = ['jobs', 'start', '--config', config];
  expect((await runHere([...start, 'mover'])).stderr).toContain(
    `${config}: [jobs.mover]: a process in the background needs pidfile`,
  );
  expect(await runHere([...start, '--type', 'archiver'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`${config} has no job of kind archiver`),
  });
  expect(await runHere([...start, '--type', 'foo'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Allowed choices are archiver, '),
  });
  await writeFile(
    file,
    `[queue_mover]
src_db = dbname=a
dst_db = dbname=b
queue_name = q
pidfile = ${join(folder, 'no', 'such', 'pid')}
logfile = ${join(folder, 'log')}
`,
  );
  expect(await runSluice(['jobs', 'start', file])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('COMMAND_PIDFILE_UNWRITABLE'),
  });
});
