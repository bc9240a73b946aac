import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/demo/local-server-port.ts';
import type { PgbouncerProgram } from '../../test/kit/pgbouncer-programs.ts';
import { runSql } from '../../test/kit/sql.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const programmedPool = fileURLToPath(new URL('programmed-pool.ts', import.meta.url));

/** pgBouncer refuses to run as root; this is nobody. */
const nobody = 65_534;

/** A pooler under measurement. */
export interface RunningPooler extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** User and system time of the process so far, in seconds. */
  cpuSeconds(): number;
  /** Resident memory. */
  residentBytes(): number;
}

export interface PoolerSettings {
  /** Lines of [databases], and of [pgbouncer] beside where it listens. */
  readonly databases: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly userlist?: string;
  /** Of user postgres, to see that the pooler answers. Default: it needs none. */
  readonly password?: string;
}

/** The built `sluice pool run`, on an unmodified pgbouncer.ini. */
export async function startSluicePool(
  options: PoolerSettings,
  args: readonly string[] = [],
): Promise<RunningPooler> {
  return startPooler('sluice', options, (file) =>
    spawn(process.execPath, [main, 'pool', 'run', '-q', ...args, file], { stdio: 'ignore' }),
  );
}

/** A pool made by a program, which alone can set where transactions go. */
export async function startProgrammedPool(
  options: PoolerSettings,
  isRouted: boolean,
): Promise<RunningPooler> {
  return startPooler('sluice', options, (file) =>
    spawn(process.execPath, [programmedPool, file, ...(isRouted ? ['routed'] : [])], {
      stdio: 'ignore',
    }),
  );
}

/** A pgBouncer on the same file. @throws Error that says how to get it */
export async function startPgbouncer(
  { path, isHere }: PgbouncerProgram,
  options: PoolerSettings,
): Promise<RunningPooler> {
  if (!isHere) {
    throw new Error(`no ${path}: apt-get install pgbouncer, and .ci/newest-pgbouncer for a newer`);
  }
  const isRoot = process.getuid?.() === 0;
  return startPooler('pgbouncer', options, (file) =>
    spawn(path, ['-q', file], {
      stdio: 'ignore',
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    }),
  );
}

async function startPooler(
  name: string,
  { databases, settings, userlist, password = '' }: PoolerSettings,
  start: (file: string) => ChildProcess,
): Promise<RunningPooler> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  chmodSync(folder, 0o755);
  const port = await findFreePort();
  const file = join(folder, 'pgbouncer.ini');
  const userFile = join(folder, 'userlist.txt');
  writeFileSync(userFile, userlist ?? '');
  const all = {
    auth_type: 'any',
    auth_file: userFile,
    ...settings,
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    log_connections: 0,
    log_disconnections: 0,
    admin_users: 'postgres',
  };
  writeFileSync(
    file,
    ['[databases]', ...lines(databases), '[pgbouncer]', ...lines(all), ''].join('\n'),
  );
  const child = start(file);
  const ended = once(child, 'exit');
  await untilListening(port, password, child);
  const pid = child.pid ?? 0;
  return {
    name,
    port,
    cpuSeconds: () => cpuSecondsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGQUIT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function lines(entries: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(entries).map(([key, value]) => `${key} = ${value}`);
}

async function untilListening(port: number, password: string, child: ChildProcess): Promise<void> {
  const url = `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/bench`;
  for (let tries = 0; child.exitCode === null; tries++) {
    try {
      await runSql(url, 'SELECT 1');
      return;
    } catch (error) {
      if (tries > 200) throw error;
      await delay(50);
    }
  }
  throw new Error(`the pooler ended with ${child.exitCode}`);
}

/** Fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms; the name before them may hold blanks. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentBytesOf(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) * 1024;
}
