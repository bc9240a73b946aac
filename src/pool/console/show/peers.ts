import type { Show } from '../command.ts';
import { columns } from '../values.ts';

export const showPeers: Show = {
  name: 'PEERS',
  columns: columns('peer_id:int4 host port:int4 pool_size:int4'),
  rows: ({ pooler }) =>
    [...pooler.config.peers.values()]
      .toSorted((a, b) => a.id - b.id)
      .map(({ id, host, port, poolSize }) => [
        id,
        host,
        port,
        poolSize ?? pooler.settings.default_pool_size,
      ]),
};
