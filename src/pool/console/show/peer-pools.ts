import type { Show } from '../command.ts';
import { columns } from '../values.ts';

/** Cancel requests are passed on at once, each over its own connection: none waits. */
export const showPeerPools: Show = {
  name: 'PEER_POOLS',
  columns: columns(`peer_id:int4 cl_active_cancel_req:int4 cl_waiting_cancel_req:int4
    sv_active_cancel:int4 sv_login:int4`),
  rows: ({ pooler }) =>
    [...pooler.config.peers.keys()].toSorted((a, b) => a - b).map((id) => [id, 0, 0, 0, 0]),
};
