import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { SluiceError } from '../errors/index.ts';
import type { Deadline } from './deadline.ts';
import { isSocketHost, socketPath, type TargetHost } from './target/index.ts';

/** Where to open a socket. */
export type Address = { readonly path: string } | { readonly ip: string; readonly port: number };

/** Every address of a host, in the order to try them. */
export async function findAddresses(
  host: TargetHost,
  place: string,
  deadline: Deadline,
): Promise<Address[]> {
  const { port } = host;
  if (isSocketHost(host)) return [{ path: socketPath(host.host, port) }];
  const literal = host.hostaddr ?? host.host;
  if (isIP(literal) !== 0) return [{ ip: literal, port }];
  const found = await deadline.race(lookUp(host, place));
  return found.map(({ address }) => ({ ip: address, port }));
}

async function lookUp(host: TargetHost, place: string): Promise<{ address: string }[]> {
  try {
    return await lookup(host.host, { all: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('SESSION_CONNECT', { place, reason }, { cause });
  }
}
