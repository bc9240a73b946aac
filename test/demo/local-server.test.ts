import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startLocalServer } from '../../src/demo/index.ts';
import { firstJsonLine } from '../kit/child.ts';
import { anyMajor, majors, postgres, runSql, waitFor } from '../kit/index.ts';

describe.each(majors)('a local server of major %i', (major) => {
  const server = postgres(major);

  test('runs the major that was asked for, with logical decoding', async () => {
    const [row] = await runSql(
      server.url(),
      `SELECT current_setting('server_version_num')::int / 10000 AS major,
              current_setting('wal_level') AS wal_level`,
    );
    expect(row).toEqual({ major, wal_level: 'logical' });
  });

  test('keeps its port and its data over stop, kill and start', async () => {
    const { port } = server;
    const database = await server.database('CREATE TABLE t AS SELECT 1 AS a');
    for (const end of ['fast', 'immediate', 'kill'] as const) {
      await (end === 'kill' ? server.local.kill() : server.local.stop(end));
      await expect(runSql(database.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
      await server.local.start();
      expect(server.port).toBe(port);
      expect(await database.value('SELECT a FROM t')).toBe(1);
    }
  });

  test('has a system identifier of its own', async () => {
    const identifier = 'SELECT system_identifier::text AS id FROM pg_control_system()';
    const templateDir = process.env['SLUICE_TEST_TEMPLATES'];
    if (templateDir === undefined) throw new Error('the global setup names the templates');
    await using other = await startLocalServer({ major, templateDir, isDurable: false });
    expect(await runSql(other.url(), identifier)).not.toEqual(
      await runSql(server.url(), identifier),
    );
  });
});

test('asks for the password it was started with', async () => {
  await using server = await startLocalServer({ major: anyMajor, password: 'p@ss word' });
  expect(await runSql(server.url(), 'SELECT 1 AS a')).toEqual([{ a: 1 }]);
  const wrong = new URL(server.url());
  wrong.password = 'wrong';
  await expect(runSql(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
});

test('says why a server does not start, and leaves nothing', async () => {
  const start = startLocalServer({ major: anyMajor, settings: { no_such_setting: 1 } });
  const error = await start.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'DEMO_SERVER_NOT_STARTED',
    details: { reason: 'unrecognized configuration parameter "no_such_setting"' },
  });
  expect(error).toSatisfy((e: { details: { dataDir: string } }) => !existsSync(e.details.dataDir));
});

test('ends with the process that started it, also when that is killed', async () => {
  const program = `
    import { startLocalServer } from './src/demo/index.ts';
    const server = await startLocalServer({ major: ${anyMajor}, isDurable: false });
    console.log(JSON.stringify({ pid: server.pid, dataDir: server.dataDir }));
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const shape = z.object({ pid: z.number(), dataDir: z.string() });
  const { pid, dataDir } = await firstJsonLine(child.stdout, shape);
  expect(isAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await waitFor('the server to end', () => !isAlive(pid));
  await waitFor('its files to go', () => !existsSync(dataDir));
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
