import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { findFreePort } from '../../src/demo/local-server-port.ts';
import type { PgbouncerProgram } from './pgbouncer-programs.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait.ts';

/** It refuses to run as root. */
const nobody = { uid: 65_534, gid: 65_534 };

/** A running pgBouncer. */
export interface RunningPgbouncer {
  readonly port: number;
  readonly configFile: string;
}

/** Everything but where it listens. */
export interface PgbouncerIni {
  /** Lines of [databases] by name. */
  readonly databases: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string | number>>;
  /** The text of auth_file. */
  readonly userlist?: string;
}

/** A real pgBouncer on a free port, ended with the running test. */
export async function startPgbouncer(
  { path }: PgbouncerProgram,
  ini: PgbouncerIni,
): Promise<RunningPgbouncer> {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const port = await findFreePort();
  const configFile = join(folder, 'pgbouncer.ini');
  const userFile = join(folder, 'userlist.txt');
  writeFileSync(userFile, ini.userlist ?? '');
  const settings = {
    unix_socket_dir: '',
    ...ini.settings,
    auth_file: userFile,
    listen_addr: '127.0.0.1',
    listen_port: port,
  };
  writeFileSync(
    configFile,
    ['[databases]', ...lines(ini.databases), '[pgbouncer]', ...lines(settings), ''].join('\n'),
  );
  const child = spawn(path, ['-q', configFile], {
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
  return { port, configFile };
}

function lines(entries: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(entries).map(([name, value]) => `${name} = ${value}`);
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
