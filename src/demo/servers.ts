import { Session } from '../session/index.ts';
import { availableMajors, supportedMajors, type Major } from './local-server-binaries.ts';
import { startLocalServer, type LocalServer } from './local-server.ts';

/** A server of the demo and its database. */
export interface DemoServer {
  readonly server: LocalServer;
  /** Connection string, as psql takes it. */
  readonly url: string;
  /** `17.10` */
  readonly version: string;
}

export interface DemoServers extends AsyncDisposable {
  readonly source: DemoServer;
  readonly target: DemoServer;
}

const settings = {
  // Reached by a socket in a folder that only its owner enters: nobody else on this machine, and no password.
  listen_addresses: '',
  // A checkpoint in the middle would only measure the disk.
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
} as const;

/**
 * The newest major there is and the one before it, each with an empty database `shop`. Both are gone when
 * disposed of.
 *
 * @throws SluiceError DEMO_POSTGRES_MISSING
 */
export async function startServers(options: {
  readonly templateDir?: string | undefined;
  readonly signal: AbortSignal;
}): Promise<DemoServers> {
  const [newest = supportedMajors[0], older = newest] = await availableMajors();
  const starts = await Promise.allSettled([start(older, options), start(newest, options)]);
  const [source, target] = starts;
  if (source.status === 'fulfilled' && target.status === 'fulfilled') {
    return {
      source: source.value,
      target: target.value,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([source.value.server.remove(), target.value.server.remove()]);
      },
    };
  }
  for (const other of starts) {
    if (other.status === 'fulfilled') await other.value.server.remove();
  }
  throw source.status === 'rejected' ? source.reason : Object(target).reason;
}

async function start(
  major: Major,
  options: { templateDir?: string | undefined; signal: AbortSignal },
): Promise<DemoServer> {
  const { templateDir, signal } = options;
  const server = await startLocalServer({ major, settings, ...(templateDir && { templateDir }) });
  try {
    await using session = await Session.connect(urlOf(server, 'postgres'), {
      purpose: 'demo',
      signal,
    });
    await session.query('create database shop');
    // Distributions add their own: `15.20 (Debian 15.20-0+deb12u1)`.
    const [version = String(major)] = (session.parameters.get('server_version') ?? '').split(' ');
    return { server, url: urlOf(server, 'shop'), version };
  } catch (error) {
    await server.remove();
    throw error;
  }
}

function urlOf(server: LocalServer, database: string): string {
  return `postgres://${server.user}@/${database}?host=${server.socketDir}&port=${server.port}`;
}
