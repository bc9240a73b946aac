import type { Show } from '../command.ts';
import { columns } from '../values.ts';

/** Each cancel request that is passed on has a connection to its peer of its own. */
export const showPeerPools: Show = {
  name: 'PEER_POOLS',
  columns: columns(`peer_id:int4 cl_active_cancel_req:int4 cl_waiting_cancel_req:int4
    sv_active_cancel:int4 sv_login:int4`),
  merge: {
    by: 1,
    sum: ['cl_active_cancel_req', 'cl_waiting_cancel_req', 'sv_active_cancel', 'sv_login'],
  },
  rows: ({ pooler }) =>
    [...pooler.config.peers.keys()]
      .toSorted((a, b) => a - b)
      .map((id) => {
        const { opening, sent } = pooler.cancels.toPeer(id);
        return [id, sent, opening, sent, opening];
      }),
};
