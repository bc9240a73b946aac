import type { Leg } from '../../leg.ts';
import type { Show } from '../command.ts';
import { columns } from '../values.ts';
import { placeOf } from './socket-text.ts';
import { socketsOf } from './sockets.ts';

/** What pgBouncer hands over with its sockets; here the numbers only, and never a secret. */
export const showFds: Show = {
  name: 'FDS',
  needsAdmin: true,
  columns: columns(`fd:int4 task user database addr port:int4 cancel:int8 link:int4 client_encoding
    std_strings datestyle timezone password scram_client_key:bytea scram_server_key:bytea`),
  merge: 'all',
  rows: (context) =>
    socketsOf(context).map((facts) => {
      const { remote } = placeOf(facts.leg, facts.port);
      return [
        descriptorOf(facts.leg),
        facts.kind === 'C' ? 'client' : 'server',
        facts.user,
        facts.database,
        remote.address,
        remote.port,
        0,
        facts.linkLeg === null ? 0 : descriptorOf(facts.linkLeg),
        ...Array.from({ length: 7 }, () => null),
      ];
    }),
};

/** Node keeps it to itself. @returns -1: it cannot be had */
function descriptorOf({ socket }: Leg): number {
  const handle: unknown = '_handle' in socket ? socket._handle : null;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return -1;
  return typeof handle.fd === 'number' ? handle.fd : -1;
}
