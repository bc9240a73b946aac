import type { ServerConnection } from '../../server-connection.ts';

/** pgBouncer's words for what a server is doing. */
export type ServerStateName = 'active' | 'being_canceled' | 'idle' | 'used' | 'tested';

/** `used`: idle for so long that it is checked before its next use. */
export function serverState(server: ServerConnection): ServerStateName {
  if (server.client !== null) return 'active';
  if (server.cancelsUnderWay > 0) return 'being_canceled';
  if (server.state !== 'idle') return 'tested';
  const { server_check_delay: seconds } = server.pool.pooler.settings;
  return Date.now() - server.stateSinceMs > seconds * 1000 ? 'used' : 'idle';
}
