import type { Server } from 'node:net';

/** Where a server listens. @throws it does not, or at a path */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens at no port');
  return address.port;
}
