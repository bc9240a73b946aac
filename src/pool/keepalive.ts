import type { Socket } from 'node:net';
import type { PoolSettings } from './config/index.ts';

type KeepAliveSettings = Pick<
  PoolSettings,
  'tcp_keepalive' | 'tcp_keepcnt' | 'tcp_keepidle' | 'tcp_keepintvl'
>;

/** tcp_keepalive and what belongs to it; 0 leaves it to the system. */
export function keepAlive(socket: Socket, settings: KeepAliveSettings): void {
  if (!settings.tcp_keepalive) return;
  socket.setKeepAlive({
    enable: true,
    initialDelay: settings.tcp_keepidle * 1000,
    interval: settings.tcp_keepintvl * 1000,
    count: settings.tcp_keepcnt,
  });
}
