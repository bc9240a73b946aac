import { randomBytes } from 'node:crypto';
import { BackendWriter, ProtocolVersion } from '../wire/index.ts';
import type { Credentials } from './auth/index.ts';
import { ClientConnection } from './client-connection.ts';
import type { Admitted, LoginDone } from './client-handshake.ts';
import type { ClientStartup } from './client-startup.ts';
import type { PoolSettings } from './config/index.ts';
import type { ConsoleLogin } from './console-login.ts';
import type { Leg, LegOwner } from './leg.ts';
import { describeFrom } from './leg-text.ts';
import type { ParameterSet } from './parameters.ts';
import type { Pool } from './pool.ts';
import { Refusal } from './refusal.ts';
import type { ReplicationPipe } from './replication-pipe.ts';

/** What of a pooler a new client is given. */
interface Host {
  readonly settings: PoolSettings;
  readonly cancels: { newPid(): number };
  poolFor(database: string, credentials: Credentials): Promise<Pool>;
  /** Takes a place for a client. @throws Refusal  there is none */
  claimClient(database: string, user: string): void;
  releaseClient(database: string, user: string): void;
  openConsole(login: ConsoleLogin): LegOwner;
  openReplication(
    leg: Leg,
    startup: ClientStartup,
    credentials: Credentials,
  ): Promise<ReplicationPipe>;
  parametersOf(reported: ReadonlyMap<string, string>): ParameterSet;
  nextClientId(): number;
  onClientLoggedIn(client: ClientConnection): void;
}

/**
 * Leads a client that has logged in to what it asked for: a pool, the console, or a server of its own to
 * replicate from.
 *
 * @throws Refusal, and what opening a server throws
 */
export async function admit(
  host: Host,
  leg: Leg,
  startup: ClientStartup,
  { credentials, consoleAccess: access }: LoginDone,
): Promise<Admitted> {
  const { user, parameters } = startup;
  if (access !== null) {
    const from = describeFrom(leg);
    return { begin: () => host.openConsole({ leg, from, user, access, parameters }), drop };
  }
  if (startup.replication !== null) {
    const pipe = await host.openReplication(leg, startup, credentials);
    return { begin: () => pipe.begin(leg), drop: () => pipe.destroy() };
  }
  const pool = await host.poolFor(startup.database, credentials);
  const welcome = await pool.learnWelcome();
  if (pool.database.isGone) throw new Refusal('3D000', `no such database: ${startup.database}`);
  if (pool.mode !== 'session') checkReported(parameters, host.parametersOf(welcome));
  // Not before it has all it needs: a place is not held by who waits, and may leave, while the pool is paused.
  host.claimClient(pool.database.name, user);
  return {
    begin: () => welcomeClient(host, leg, startup, pool, welcome),
    drop: () => host.releaseClient(pool.database.name, user),
  };
}

/** With application_name_add_host the servers' views say where a client comes from. */
function parametersFor(host: Host, leg: Leg, startup: ClientStartup): ParameterSet {
  if (!host.settings.application_name_add_host) return startup.parameters;
  const place = leg.from?.kind === 'tcp' ? `${leg.from.ip}:${leg.from.port}` : 'unix';
  const name = startup.parameters.get('application_name') ?? 'app';
  return startup.parameters.with('application_name', `${name} - ${place}`);
}

/** What a server does not report cannot be followed: the next client would have it too. */
function checkReported(wanted: ParameterSet, reported: ParameterSet): void {
  const lost = wanted.tracked.names.find(
    (name) => wanted.get(name) !== null && reported.get(name) === null,
  );
  if (lost === undefined) return;
  throw new Refusal('08P01', `unsupported startup parameter: ${lost}, which servers do not report`);
}

function drop(): void {
  // It has nothing yet.
}

function welcomeClient(
  host: Host,
  leg: Leg,
  startup: ClientStartup,
  pool: Pool,
  welcome: ReadonlyMap<string, string>,
): ClientConnection {
  const parameters = parametersFor(host, leg, startup).over(host.parametersOf(welcome));
  const cancelKey = randomBytes(startup.version >= ProtocolVersion.v3_2 ? 32 : 4);
  const client = new ClientConnection({
    id: host.nextClientId(),
    leg,
    pool,
    user: startup.user,
    parameters,
    cancelPid: host.cancels.newPid(),
    cancelKey,
  });
  pool.clients.add(client);
  host.onClientLoggedIn(client);
  const writer = new BackendWriter();
  for (const [name, value] of welcome) writer.parameterStatus(name, parameters.get(name) ?? value);
  const message = host.settings.login_notify_message;
  if (message !== '') writer.notice({ severity: 'NOTICE', sqlstate: '00000', message });
  leg.writeOwn(writer.backendKeyData(client.cancelPid, cancelKey).readyForQuery('I').take());
  return client;
}
