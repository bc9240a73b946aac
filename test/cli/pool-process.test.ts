import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { postgres, runSluice, startSluice, temporaryFolder, waitFor } from '../kit/index.ts';
import { connect, lineTo, startPool, writeIni } from './pool-process.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const server = postgres();

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** The process that a pidfile names; killed with the test where it still runs. */
async function pidOf(file: string): Promise<number> {
  const pid = Number(await readFile(file, 'utf8'));
  onTestFinished(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      expect(error).toMatchObject({ code: 'ESRCH' });
    }
  });
  return pid;
}

describe('as a process', () => {
  test('-d ends when clients are served; the pidfile is there for as long as the pooler', async () => {
    const database = await server.database();
    const pidfile = join(folder, 'pool.pid');
    const logfile = join(folder, 'pool.log');
    const file = await writeIni(folder, {
      databases: { app: lineTo(database) },
      settings: { pidfile, logfile },
    });
    const started = await runSluice(['pool', 'run', '-d', file]);
    expect(started).toMatchObject({ exitCode: 0, stderr: '', stdout: '' });
    const running = await pidOf(pidfile);
    const log = await readFile(logfile, 'utf8');
    const client = await connect(Number(/127\.0\.0\.1:(\d+)/.exec(log)?.[1]));
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    const again = await runSluice(['pool', 'run', '-d', file]);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain(`process ${running} runs`);
    process.kill(running, 'SIGQUIT');
    await waitFor('the pidfile to go', () =>
      stat(pidfile).then(
        () => false,
        () => true,
      ),
    );
  });

  test('-d tells what keeps it from starting', async () => {
    const settings = {
      pidfile: join(folder, 'a.pid'),
      logfile: join(folder, 'a.log'),
      auth_type: 'md5',
      auth_file: '/none',
    };
    const file = await writeIni(folder, { databases: {}, settings });
    const { exitCode, stderr } = await runSluice(['pool', 'run', '-d', file]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('POOL_AUTH_FILE_UNREADABLE');
  });

  test('a log file that cannot be written is told at the start', async () => {
    const settings = { logfile: join(folder, 'none', 'log') };
    const file = await writeIni(folder, { databases: {}, settings });
    const { exitCode, stderr } = await runSluice(['pool', 'run', file]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^sluice: POOL_LOG_FILE: logfile .*ENOENT/);
  });

  test('-d needs a pidfile and a log file', async () => {
    const { exitCode, stderr } = await runSluice([
      'pool',
      'run',
      '-d',
      await writeIni(folder, { databases: {} }),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('a process in the background needs pidfile');
  });

  test('a pidfile that nobody runs by is replaced', async () => {
    const pidfile = join(folder, 'stale.pid');
    const gone = spawn(process.execPath, ['--version']);
    await once(gone, 'exit');
    await writeFile(pidfile, `${gone.pid}\n`);
    const { sluice } = await startPool(
      await writeIni(folder, { databases: {}, settings: { pidfile } }),
    );
    expect(await pidOf(pidfile)).toBe(sluice.pid);
  });

  test.skipIf(isRoot)('-u is for root (skipped for root)', async () => {
    const { exitCode, stderr } = await runSluice([
      'pool',
      'run',
      '-u',
      'root',
      await writeIni(folder, { databases: {} }),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("failed to assume identity of user 'root': Operation not permitted");
  });

  test.skipIf(!isRoot)(
    '-u makes it another user, who owns its files (skipped unless root)',
    async () => {
      const own = join(folder, 'own');
      await mkdir(own);
      await chmod(folder, 0o755);
      await chmod(own, 0o777);
      const settings = { pidfile: join(own, 'pid'), unix_socket_dir: own, workers: 2 };
      const database = await server.database();
      const file = await writeIni(folder, { databases: { app: lineTo(database) }, settings });
      const { sluice, port } = await startPool(file, ['-u', 'nobody']);
      const status = await readFile(`/proc/${sluice.pid}/status`, 'utf8');
      expect(/^Uid:\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1)).toEqual(['65534', '65534']);
      expect(/^Groups:\s*(.*)$/m.exec(status)?.[1]?.trim()).not.toMatch(/\b0\b/);
      expect((await stat(join(own, `.s.PGSQL.${port}`))).uid).toBe(65534);
      const client = await connect(port);
      expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
      await client.end();
      expect(await sluice.stop()).toMatchObject({ exitCode: 0 });
      await expect(stat(settings.pidfile)).rejects.toThrow('ENOENT');
    },
  );

  test('-u of nobody that is known is refused', async () => {
    const { exitCode, stderr } = await runSluice([
      'pool',
      'run',
      '-u',
      'no-such-user',
      await writeIni(folder, { databases: {} }),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("'no-such-user': no such user");
  });

  test('-q keeps stderr empty', async () => {
    const logfile = join(folder, 'quiet.log');
    const file = await writeIni(folder, { databases: {}, settings: { logfile } });
    const sluice = startSluice(['pool', 'run', '-q', file]);
    await waitFor('it to be up', async () =>
      (await readFile(logfile, 'utf8').catch(() => '')).includes('process up'),
    );
    expect(await sluice.stop()).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('under the name pgbouncer', () => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

  async function pgbouncer(args: readonly string[]) {
    const link = join(folder, 'pgbouncer');
    await symlink(main, link);
    return run(process.execPath, [link, ...args]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  test('-V tells which pgBouncer it is like, and that it is Sluice', async () => {
    const { code, stdout } = await pgbouncer(['-V']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^PgBouncer \d+\.\d+\.\d+ \(Sluice \d+\.\d+\.\d+\)\n$/);
  });

  test('has no other commands, and fails with 1', async () => {
    expect(await pgbouncer(['pool', 'run'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^pgbouncer: too many arguments/),
    });
  });

  test('... under its own name', async () => {
    expect(await pgbouncer([join(folder, 'none.ini')])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^pgbouncer: POOL_CONFIG: /),
    });
  });

  test('... in the background, too', async () => {
    const settings = {
      pidfile: join(folder, 'p.pid'),
      logfile: join(folder, 'p.log'),
      auth_type: 'md5',
      auth_file: '/none',
    };
    const file = await writeIni(folder, { databases: {}, settings });
    expect(await pgbouncer(['-d', file])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^pgbouncer: POOL_AUTH_FILE_UNREADABLE: /),
    });
  });

  test("takes pgBouncer's options", async () => {
    const pidfile = join(folder, 'p.pid');
    const file = await writeIni(folder, {
      databases: {},
      settings: { pidfile, logfile: join(folder, 'p.log') },
    });
    expect(await pgbouncer(['-q', '-v', '-d', file])).toMatchObject({ code: 0, stderr: '' });
    process.kill(await pidOf(pidfile), 'SIGQUIT');
    await waitFor('the pidfile to go', () =>
      stat(pidfile).then(
        () => false,
        () => true,
      ),
    );
    expect(await readFile(join(folder, 'p.log'), 'utf8')).toContain('"level":"info"');
  });
});
