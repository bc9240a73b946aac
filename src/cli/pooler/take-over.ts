import { spawn } from 'node:child_process';
import { Client } from 'pg';
import { SluiceError } from '../../errors/index.ts';
import { isAnswering, type Launch, type PoolSettings } from '../../pool/index.ts';
import type { CommandIo } from '../io.ts';
import { describeLine } from '../logging.ts';
import { Door, takingOverFlag } from './door.ts';
import { PoolLog } from './pool-log.ts';
import type { PoolRun } from './run-pool.ts';
import { findSystemUser, type SystemUser } from '../process/system-user.ts';

/**
 * Whether a process answers where the configuration has its Unix socket.
 *
 * @throws POOL_TAKEOVER  it says nothing of one, or of sockets that cannot be handed over
 */
export async function findRunning(io: CommandIo, run: PoolRun): Promise<boolean> {
  const { settings } = run.config;
  if (settings.unix_socket_dir === '') throw failure('unix_socket_dir is empty');
  if (settings.workers > 1) throw failure('the new one is to have several workers');
  const path = socketPath(settings);
  if (await isAnswering(path)) return true;
  const log = new PoolLog(io, () => settings, {
    isQuiet: run.isQuiet,
    extraVerbose: run.verbose,
  });
  log.info('nobody to take over from: an ordinary start', { path });
  return false;
}

/**
 * Has the running process start this command line again, as a process of its own that takes over from it, and
 * waits until that one serves; in the foreground until it ends: signals are passed on to it, and what it says to
 * us.
 *
 * @throws POOL_TAKEOVER  the running process goes on as before
 */
export async function takeOver(io: CommandIo, run: PoolRun, isDaemon: boolean): Promise<void> {
  const user = run.user === '' ? null : findSystemUser(run.user);
  if (user !== null) {
    io.exitCode = await runAs(user);
    return;
  }
  const door = await Door.open((text) => show(io, text));
  try {
    await askFor(run.config.settings, door);
    if (!isDaemon) io.exitCode = await attend(door);
  } catch (error) {
    if (door.pid === null) throw error;
    // It has told what kept it from starting.
    io.exitCode = Math.max(1, await door.ended);
  } finally {
    await door.close();
  }
}

async function askFor(settings: PoolSettings, door: Door): Promise<void> {
  const { unix_socket_dir: host, listen_port: port } = settings;
  const console = { host, port, user: 'pgbouncer', database: 'pgbouncer', ssl: false };
  const client = new Client(console);
  client.on('error', () => undefined); // its query says so
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>('SHOW VERSION');
    const version = rows[0]?.version ?? '';
    if (!version.includes('Sluice')) throw new Error(`${version} runs, which does not hand over`);
    const launch = JSON.stringify(launchOf(door)).replaceAll("'", "''");
    await client.query(`TAKEOVER '${launch}'`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // An older one repeats what it does not know; there is more in it than is to be shown.
    throw failure(reason.startsWith('invalid command') ? 'its version does not hand over' : reason);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** This command line, in the same place. */
function launchOf({ path }: Door): Launch {
  const env = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    program: process.execPath,
    args: [...process.execArgv, ...process.argv.slice(1), takingOverFlag, path],
    folder: process.cwd(),
    env: Object.fromEntries(env),
  };
}

/**
 * This command line as the user that the running process runs as: it listens to nobody else. A process of its own,
 * because the kernel hides from that user whoever was root before.
 */
async function runAs({ uid, gid }: SystemUser): Promise<number> {
  const args = [...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(process.execPath, args, { uid, gid, stdio: 'inherit' });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('exit', (code) => resolve(code ?? 1));
  return passingSignals((signal) => child.kill(signal), promise);
}

/** Stands for the process until it ends. */
function attend(door: Door): Promise<number> {
  return passingSignals((signal) => {
    if (door.pid !== null) process.kill(door.pid, signal);
  }, door.ended);
}

/** Until the other process has ended, signals are for it. */
async function passingSignals(
  pass: (signal: NodeJS.Signals) => void,
  ended: Promise<number>,
): Promise<number> {
  const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;
  const passOn = (signal: NodeJS.Signals): void => {
    try {
      pass(signal);
    } catch {
      // It has ended just now.
    }
  };
  for (const signal of signals) process.on(signal, passOn);
  try {
    return await ended;
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}

/** A person gets short lines. */
function show({ stderr }: CommandIo, text: string): void {
  const isLine = stderr.isTTY === true && text.startsWith('{');
  stderr.write(isLine ? `${describeLine(text)}\n` : text);
}

function socketPath({ unix_socket_dir: folder, listen_port: port }: PoolSettings): string {
  return `${folder}/.s.PGSQL.${port}`;
}

function failure(problem: string): SluiceError {
  return new SluiceError('POOL_TAKEOVER', { problem });
}
