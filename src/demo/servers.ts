import { Session } from '../session/index.ts';
import type { Major } from './local-server-binaries.ts';
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

/** The old major and the new one, each with an empty database `shop`. Both are gone when disposed of. */
export async function startServers(options: {
  readonly templateDir?: string | undefined;
  readonly signal: AbortSignal;
}): Promise<DemoServers> {
  const starts = await Promise.allSettled([start(17, options), start(18, options)]);
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
    const version = session.parameters.get('server_version') ?? String(major);
    return { server, url: urlOf(server, 'shop'), version };
  } catch (error) {
    await server.remove();
    throw error;
  }
}

function urlOf(server: LocalServer, database: string): string {
  return `postgres://${server.user}@/${database}?host=${server.socketDir}&port=${server.port}`;
}
