import { startLocalServer, type LocalServer } from '../../src/demo/index.ts';
import { installScript } from '../../src/queue/index.ts';
import { runSql } from '../../test/kit/sql.ts';
import { versionOf } from '../kit/servers.ts';

export const queuePeer = 'extension pgq';

export interface QueueDatabases extends AsyncDisposable {
  readonly server: LocalServer;
  /** A database each, with a queue `orders`. */
  readonly ours: string;
  readonly original: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Our schema and Debian's extension side by side on one server, which has to be the major that Debian brings. */
export async function prepareQueues(
  settings: Readonly<Record<string, string>> = {},
): Promise<QueueDatabases> {
  const server = await startLocalServer({
    major: 15,
    settings: {
      shared_buffers: '1GB',
      max_wal_size: '8GB',
      checkpoint_timeout: '30min',
      ...settings,
    },
  });
  try {
    const ours = await server.createDatabase('ours');
    const original = await server.createDatabase('original');
    await runSql(ours, installScript());
    await runSql(original, 'CREATE EXTENSION pgq');
    for (const url of [ours, original]) await runSql(url, `SELECT pgq.create_queue('orders')`);
    const [row] = await runSql(original, 'SELECT pgq.version() AS version');
    return {
      server,
      ours,
      original,
      versions: { postgres: await versionOf(server), pgq: String(row?.['version']) },
      [Symbol.asyncDispose]: () => server.remove(),
    };
  } catch (error) {
    await server.remove();
    throw error;
  }
}
