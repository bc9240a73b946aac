import { lookup, reverse } from 'node:dns/promises';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Unreadable } from './hba-names.ts';
import type { HbaToken } from './hba-tokens.ts';

/** Whether an address (without the ::ffff: of mapped IPv4) is meant. */
export type AddressMatch = (ip: string) => boolean | Promise<boolean>;

/** How names and our own addresses are found; replaced in tests. */
export interface Surroundings {
  /** The addresses of a name; none when there is no such name. */
  addressesOf(name: string): Promise<readonly string[]>;
  namesOf(ip: string): Promise<readonly string[]>;
  /** Our own interfaces: CIDR. */
  ownNetworks(): readonly string[];
}

export const realSurroundings: Surroundings = {
  addressesOf: async (name) => {
    const found = await lookup(name, { all: true }).catch(() => []);
    return found.map(({ address }) => unmapped(address));
  },
  namesOf: (ip) => reverse(ip).catch(() => []),
  ownNetworks: () =>
    Object.values(networkInterfaces()).flatMap((addresses) =>
      (addresses ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [cidr])),
    ),
};

/** Node gives IPv4 clients of a listener on all addresses as ::ffff:10.0.0.1. */
export function unmapped(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  return mapped?.[1] ?? ip.replace(/%.*$/, '');
}

/**
 * all, samehost, samenet, 10.0.0.0/8, 10.0.0.0 with a mask, ::1/128, a host name or .a.domain.
 *
 * @param mask  the next column, when the address is an IP without a length
 */
export function readAddress(
  address: HbaToken,
  mask: HbaToken | null,
  surroundings: Surroundings,
): AddressMatch | Unreadable {
  const { text, isQuoted } = address;
  const ip = isIP(text);
  if (ip !== 0) return readMasked(text, mask);
  if (text.includes('/')) return readNetwork(text);
  if (!isQuoted && text === 'all') return () => true;
  if (!isQuoted && text === 'samehost') {
    return (ip) => surroundings.ownNetworks().some((cidr) => cidr.split('/')[0] === ip);
  }
  if (!isQuoted && text === 'samenet') {
    return (ip) => surroundings.ownNetworks().some((cidr) => isWithin(cidr, ip));
  }
  if (!/^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(text) || /^[\d.]+$/.test(text)) {
    return { problem: `${text} is no address, network or host name` };
  }
  return (ip) => isNamed(ip, text.toLowerCase(), surroundings);
}

function readNetwork(text: string): AddressMatch | Unreadable {
  const [network = '', length = '', ...more] = text.split('/');
  const family = isIP(network);
  const bits = family === 4 ? 32 : 128;
  if (family === 0 || more.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits) {
    return { problem: `${text} is no network` };
  }
  return inSubnet(network, Number(length));
}

function readMasked(text: string, mask: HbaToken | null): AddressMatch | Unreadable {
  if (mask === null) return { problem: `${text} needs a mask length (${text}/32) or a mask` };
  const length = maskLength(mask.text);
  if (length === null || isIP(mask.text) !== isIP(text)) {
    return { problem: `${mask.text} is no mask for ${text}` };
  }
  return inSubnet(text, length);
}

function inSubnet(network: string, length: number): AddressMatch {
  const list = new BlockList();
  list.addSubnet(network, length, familyOf(network));
  return (ip) => familyOf(ip) === familyOf(network) && list.check(ip, familyOf(ip));
}

function isWithin(cidr: string, ip: string): boolean {
  const [network = '', length] = cidr.split('/');
  return inSubnet(network, Number(length))(ip) === true;
}

function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return isIPv4(ip) ? 'ipv4' : 'ipv6';
}

/** 255.255.0.0 is 16. @returns null: no mask, or one with holes */
function maskLength(mask: string): number | null {
  const bits = maskBits(mask);
  if (bits === null || !/^1*0*$/.test(bits)) return null;
  return bits.indexOf('0') < 0 ? bits.length : bits.indexOf('0');
}

function maskBits(mask: string): string | null {
  switch (mask.includes(':') && mask.includes('.') ? 0 : isIP(mask)) {
    case 4:
      return mask
        .split('.')
        .map((part) => binary(Number(part), 8))
        .join('');
    case 6:
      return ipv6Groups(mask)
        .map((part) => binary(part, 16))
        .join('');
    default:
      return null;
  }
}

function binary(value: number, digits: number): string {
  return value.toString(2).padStart(digits, '0');
}

/** Without the dotted form, which no mask has. */
function ipv6Groups(ip: string): number[] {
  const [head = '', tail] = ip.split('::');
  if (tail === undefined) return readGroups(head);
  const [before, after] = [readGroups(head), readGroups(tail)];
  const missing = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...missing, ...after];
}

function readGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/**
 * As PostgreSQL matches names: what the address calls itself must be the name (or end in it), and the name must
 * lead back to the address, or anybody with a reverse zone could claim it.
 */
async function isNamed(ip: string, name: string, surroundings: Surroundings): Promise<boolean> {
  const isSuffix = name.startsWith('.');
  const names = (await surroundings.namesOf(ip)).map((found) => found.toLowerCase());
  const own = isSuffix ? names.filter((found) => found.endsWith(name)) : [name];
  for (const candidate of own) {
    if ((await surroundings.addressesOf(candidate)).includes(ip)) return true;
  }
  return false;
}
