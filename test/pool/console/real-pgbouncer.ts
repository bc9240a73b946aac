import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { waitFor } from '../../kit/index.ts';

const program = '/usr/sbin/pgbouncer';

/** Why tests that compare with it are skipped; null: it is here. */
export const noPgbouncer = existsSync(program) ? null : `${program} is not installed`;

/** It refuses to run as root. */
const nobody = { uid: 65_534, gid: 65_534 };

/** A real pgBouncer on a free port, ended with the test. @param databases  lines of [databases] */
export async function startPgbouncer(databases: readonly string[]): Promise<{ port: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-pgbouncer-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const userlist = join(folder, 'userlist.txt');
  const file = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    ...databases,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${userlist}`,
    'admin_users = postgres',
    'stats_users = stats',
    'pool_mode = transaction',
    'ignore_startup_parameters = extra_float_digits',
    '',
  ];
  await writeFile(userlist, '"postgres" ""\n"app" ""\n"stats" ""\n"outsider" ""\n');
  await writeFile(file, lines.join('\n'));
  await chmod(folder, 0o755);
  const child = spawn(program, ['-q', file], {
    cwd: '/',
    stdio: 'ignore',
    env: { TZ: 'UTC' },
    ...(process.getuid?.() === 0 ? nobody : {}),
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  await waitFor('pgbouncer to listen', () => isListening(port));
  return { port };
}

/** It cannot choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
