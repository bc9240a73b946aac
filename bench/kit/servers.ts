import { runSql } from '../../test/kit/sql.ts';
import { startLocalServer, type LocalServer, type Major } from '../../src/demo/index.ts';

export interface ServerPair extends AsyncDisposable {
  readonly source: LocalServer;
  readonly target: LocalServer;
}

/**
 * Two servers as an operator would run them: durable, with memory and WAL that do not get in the way.
 */
export async function startPair(
  major: Major,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<ServerPair> {
  const start = (): Promise<LocalServer> =>
    startLocalServer({ major, settings: { ...benchSettings, ...settings } });
  const source = await start();
  const target = await start();
  return {
    source,
    target,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([source.remove(), target.remove()]);
    },
  };
}

const benchSettings = {
  shared_buffers: '2GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  maintenance_work_mem: '256MB',
  // Autovacuum wakes up when it likes; benches vacuum where their subject needs it.
  autovacuum: 'off',
  max_sync_workers_per_subscription: 4,
};

/** `17.10`. */
export async function versionOf(server: LocalServer): Promise<string> {
  const [row] = await runSql(server.url(), 'SHOW server_version');
  return String(row?.['server_version']);
}
