import { SluiceError } from '../errors/index.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `:port` (this machine only) or `[ipv6]:port`; port 0 takes a free one. */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const portNumber = Number(port);
  if (port === undefined || portNumber > 65_535) {
    throw new SluiceError('SERVICE_LISTEN_ADDRESS', { address: text });
  }
  const host = bracketed ?? plain ?? '';
  return { host: host === '' ? '127.0.0.1' : host, port: portNumber };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
