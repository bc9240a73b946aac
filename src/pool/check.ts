import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { isSluiceError, ServerError } from '../errors/index.ts';
import { silentLog, type Finding } from '../service/index.ts';
import { misconfiguredWords } from './auth-queries.ts';
import type { Credentials } from './auth/index.ts';
import { checkFiles, socketOf } from './check-files.ts';
import { find } from './check-findings.ts';
import type { DatabaseEntry, PoolerConfig } from './config/index.ts';
import { Database } from './database.ts';
import { isAnswering } from './listener.ts';
import { Pooler } from './pooler.ts';
import { Refusal } from './refusal.ts';
import { describePlace, openServer } from './server-login.ts';

/** What checkPool looks at, in words. */
export function checkedParts({ settings, databases }: PoolerConfig): string[] {
  const { listen_addr: addresses, listen_port: port, unix_socket_dir: folder } = settings;
  return [
    'the configuration and the files that it names',
    ...addresses.map((address) => `${address}:${port}`),
    ...(folder === '' ? [] : [socketOf(settings)]),
    ...[...databases.keys()].map((name) => `the servers of ${name}`),
  ];
}

/**
 * Looks at what a pool of that configuration needs, and changes nothing: the files it names, the addresses it
 * is to have, its servers. A server is logged in to where the configuration says as whom; elsewhere, where
 * users log in as themselves, it is reached only.
 */
export async function checkPool(config: PoolerConfig): Promise<Finding[]> {
  const findings = [
    ...config.warnings.map((warning) => find('CHECK_POOL_CONFIG', 'configuration', warning)),
    ...(await checkAddresses(config)),
    ...(await checkFiles(config.settings)),
    ...(await checkOpenFiles(config)),
  ];
  const pooler = await Pooler.make({
    config,
    log: silentLog,
    console: () => {
      throw new Error('invariant: nobody connects to a pool that is only checked');
    },
  }).catch((error: unknown) => {
    if (!isSluiceError(error)) throw error;
    findings.push(find('CHECK_POOL_FILE', 'files', error.message));
  });
  if (pooler === undefined) return findings;
  const entries = [...config.databases.values()];
  const ofServers = await Promise.all(entries.map((entry) => checkServers(pooler, entry)));
  const ofQueries = await Promise.all(entries.map((entry) => checkAuthQuery(pooler, entry)));
  await pooler.authQueries.close(true);
  return [...findings, ...ofServers.flat(), ...ofQueries.flat()];
}

async function checkAddresses({ settings }: PoolerConfig): Promise<Finding[]> {
  const { listen_addr: addresses, listen_port: port, unix_socket_dir: folder } = settings;
  const findings: Finding[] = [];
  for (const address of port === 0 ? [] : addresses) {
    const problem = await whyNotFree(address === '*' ? '::' : address, settings);
    if (problem !== null) findings.push(find('CHECK_POOL_ADDRESS', `${address}:${port}`, problem));
  }
  if (folder !== '' && port !== 0 && (await isAnswering(socketOf(settings)))) {
    findings.push(find('CHECK_POOL_ADDRESS', socketOf(settings), 'somebody answers there'));
  }
  return findings;
}

async function whyNotFree(
  host: string,
  { listen_port: port, so_reuseport: reusePort }: PoolerConfig['settings'],
): Promise<string | null> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  server.once('error', (error) => resolve(error.message));
  server.listen({ host, port, reusePort }, () => server.close(() => resolve(null)));
  return promise;
}

/** Node has raised its own limit as far as it may. */
async function checkOpenFiles({ settings }: PoolerConfig): Promise<Finding[]> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  const { max_client_conn: clients } = settings;
  if (clients < most) return [];
  const evidence = `max_client_conn is ${clients}, and this user may open ${most} files`;
  return [find('CHECK_POOL_OPEN_FILES', 'max_client_conn', evidence)];
}

async function checkServers(pooler: Pooler, entry: DatabaseEntry): Promise<Finding[]> {
  const credentials = await credentialsOf(pooler, entry);
  const hosts = entry.hosts.length === 0 ? [''] : entry.hosts;
  const found = hosts.map(async (host) => {
    const subject = `${entry.name} (${describePlace({ host, port: entry.port })})`;
    if (credentials === null || entry.name === '*') {
      const problem = await whyNotReached({ host, port: entry.port });
      return problem === null ? [] : [find('CHECK_POOL_SERVER', subject, problem)];
    }
    return logIn(
      pooler,
      { ...entry, hosts: [host], targetSessionAttrs: 'any' },
      credentials,
      subject,
    );
  });
  return (await Promise.all(found)).flat();
}

/** Asks for a user that nobody is called; a server that cannot be reached has been told. */
async function checkAuthQuery(pooler: Pooler, { name }: DatabaseEntry): Promise<Finding[]> {
  if (name === '*') return [];
  try {
    await pooler.authQueries.find('sluice pool check', name);
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.message === misconfiguredWords
      ? [find('CHECK_POOL_AUTH_QUERY', name, error.reason)]
      : [];
  }
}

/** As whom the pool itself logs in to a database; null: as the client that comes. */
async function credentialsOf(pooler: Pooler, entry: DatabaseEntry): Promise<Credentials | null> {
  const { settings, users } = pooler;
  const user = entry.user ?? (entry.authUser || settings.auth_user);
  if (user === '') return null;
  const own = user === entry.user ? entry.password : null;
  const password = own ?? users.file?.find(user)?.password ?? null;
  return { user, password, scramKeys: null };
}

async function logIn(
  pooler: Pooler,
  entry: DatabaseEntry,
  credentials: Credentials,
  subject: string,
): Promise<Finding[]> {
  try {
    const source = {
      database: new Database(entry.name, entry, false),
      user: credentials.user,
      credentials,
      pooler,
    };
    const { leg } = await openServer(source);
    leg.end();
    return [];
  } catch (error) {
    if (error instanceof ServerError) return [find('CHECK_POOL_LOGIN', subject, error.message)];
    if (isSluiceError(error, 'POOL_SERVER_CERTIFICATE')) {
      return [find('CHECK_POOL_CERTIFICATE', subject, error.message)];
    }
    if (!isSluiceError(error) && !isSystemError(error)) throw error;
    return [find('CHECK_POOL_SERVER', subject, error.message)];
  }
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

async function whyNotReached({
  host,
  port,
}: {
  host: string;
  port: number;
}): Promise<string | null> {
  const isUnix = host === '' || host.startsWith('/');
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = isUnix
    ? connect({ path: `${host || '/tmp'}/.s.PGSQL.${port}` })
    : connect({ host, port });
  socket.setTimeout(reachMs, () => resolve(`no answer within ${reachMs / 1000} s`));
  socket.once('connect', () => resolve(null));
  socket.once('error', (error) => resolve(error.message));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

const reachMs = 5_000;
