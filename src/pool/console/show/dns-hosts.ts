import type { Show } from '../command.ts';
import { columns } from '../values.ts';

export const showDnsHosts: Show = {
  name: 'DNS_HOSTS',
  columns: columns('hostname ttl:int8 addrs'),
  rows: ({ pooler }) =>
    pooler.dns
      .hosts()
      .map(({ host, ttlSeconds, addresses }) => [host, ttlSeconds, addresses.join(',')]),
};
