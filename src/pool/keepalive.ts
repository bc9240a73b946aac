import type { Socket } from 'node:net';
import type { PoolSettings } from './config/index.ts';

/** tcp_keepalive and what belongs to it; 0 leaves it to the system. */
export function keepAlive(socket: Socket, settings: PoolSettings): void {
  if (!settings.tcp_keepalive) return;
  socket.setKeepAlive({
    enable: true,
    initialDelay: settings.tcp_keepidle * 1000,
    interval: settings.tcp_keepintvl * 1000,
    count: settings.tcp_keepcnt,
  });
}
