import type { Leg } from './leg.ts';

/** Where a client comes in from, for the log: `10.0.0.7:52114`, `[::1]:52114`, `unix`. */
export function describeFrom({ from }: Leg): string {
  if (from === null || from.kind === 'unix') return 'unix';
  const ip = plainAddress(from.ip);
  return ip.includes(':') ? `[${ip}]:${from.port}` : `${ip}:${from.port}`;
}

/** An IPv4 address that came to a socket for both kinds. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** `TLSv1.3/TLS_AES_256_GCM_SHA384`; empty without TLS. */
export function describeTls({ tlsSocket }: Leg): string {
  const version = tlsSocket?.getProtocol() ?? null;
  if (tlsSocket === null || version === null) return '';
  return `${version}/${tlsSocket.getCipher().standardName}`;
}

/** For the log: nothing without TLS. */
export function tlsField(leg: Leg): { tls?: string } {
  const tls = describeTls(leg);
  return tls === '' ? {} : { tls };
}
