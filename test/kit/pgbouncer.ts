import { spawn } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runSql } from './sql.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait.ts';

const program = '/usr/sbin/pgbouncer';

/** Where Debian's package puts it; tests that need it skip without it. */
export const hasPgbouncer = existsSync(program);

/** pgBouncer refuses to run as root; this is nobody. */
const nobody = 65_534;

/** A running pgBouncer. */
export interface RunningPgbouncer {
  readonly port: number;
  readonly configFile: string;
}

/**
 * Starts Debian's pgBouncer on a free port, ended with the running test.
 *
 * @param ini  everything but where it listens
 */
export async function startPgbouncer(ini: {
  readonly databases: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string | number>>;
}): Promise<RunningPgbouncer> {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const port = await freePort();
  const configFile = join(folder, 'pgbouncer.ini');
  const databases = Object.entries(ini.databases).map(([name, value]) => `${name} = ${value}`);
  const settings = {
    ...ini.settings,
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(configFile, ['[databases]', ...databases, '[pgbouncer]', ...lines, ''].join('\n'));
  const isRoot = process.getuid?.() === 0;
  const child = spawn(program, ['-q', configFile], {
    stdio: 'ignore',
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const ended = Promise.withResolvers<void>();
  child.on('exit', () => ended.resolve());
  child.on('error', ended.reject);
  onTestFinished(async () => {
    child.kill('SIGQUIT');
    await ended.promise;
  });
  const console = `postgres://postgres@127.0.0.1:${port}/pgbouncer`;
  await waitFor('pgbouncer to answer', () =>
    runSql(console, 'SHOW VERSION').then(
      () => true,
      () => false,
    ),
  );
  return { port, configFile };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
