import { isIP } from 'node:net';
import type { TargetHost } from './connection-target.ts';
import { defaultHost, defaultPort } from './defaults.ts';
import type { Values } from './values.ts';

/** host, hostaddr and port hold as many entries as one another; one port serves all. */
export function readHosts(values: Values): readonly TargetHost[] {
  const names = values.list('host');
  const addresses = values.list('hostaddr');
  const ports = values.list('port').map((text) => readPort(values, text));
  const count = Math.max(names.length, addresses.length, 1);
  if (names.length > 0 && addresses.length > 0 && names.length !== addresses.length) {
    throw values.bad('hostaddr', `${names.length} addresses, as many as hosts`);
  }
  if (ports.length > 1 && ports.length !== count) {
    throw values.bad('port', `one port or ${count}, as many as hosts`);
  }
  return Array.from({ length: count }, (_, index) =>
    readHost(
      values,
      names[index] ?? '',
      addresses[index] ?? '',
      ports[index] ?? ports[0] ?? defaultPort,
    ),
  );
}

function readHost(values: Values, name: string, address: string, port: number): TargetHost {
  if (address !== '' && isIP(address) === 0) throw values.bad('hostaddr', 'IPv4 or IPv6 addresses');
  const host = name === '' && address === '' ? defaultHost(port) : name;
  return { host, hostaddr: address === '' ? null : address, port };
}

function readPort(values: Values, text: string): number {
  if (text === '') return defaultPort;
  const port = values.toInteger('port', text);
  if (port < 1 || port > 65535) throw values.bad('port', '1 to 65535');
  return port;
}

/** True when a host is reached through a Unix socket: a folder, or `@name` without one. */
export function isSocketHost(host: TargetHost): boolean {
  return host.hostaddr === null && (host.host.startsWith('/') || host.host.startsWith('@'));
}
