import { isSluiceError } from '../../errors/index.ts';
import { formatListenAddress, parseListenAddress } from '../../service/index.ts';

/** Where a pooler listens: TCP and the Unix socket share a port. */
export interface ListenAddresses {
  readonly hosts: readonly string[];
  readonly port: number;
  /** Of the Unix socket; '' for none. */
  readonly folder: string;
}

const usualPort = 6432;

interface Place {
  readonly host?: string;
  readonly folder?: string;
  readonly port: number | undefined;
}

/**
 * `127.0.0.1:6432`, `*:6432`, `[::1]:6432`, `:6432` (this machine only) or a folder for a Unix socket: `/tmp`,
 * `/tmp:6432`.
 *
 * @returns a text that says what is wrong, when something is
 */
export function readListen(texts: readonly string[]): ListenAddresses | string {
  const places: Place[] = [];
  for (const text of texts) {
    const place = readPlace(text);
    if (place === undefined) {
      return `expected host:port, :port or the folder of a Unix socket, got ${JSON.stringify(text)}`;
    }
    places.push(place);
  }
  const hosts = places.flatMap(({ host }) => host ?? []);
  const folders = places.flatMap(({ folder }) => folder ?? []);
  const ports = new Set(places.flatMap(({ port }) => port ?? []));
  if (folders.length > 1) return 'expected at most one folder of a Unix socket';
  if (ports.size > 1) return 'expected the same port in every address';
  return { hosts, port: [...ports][0] ?? usualPort, folder: folders[0] ?? '' };
}

/** What `readListen` reads back. */
export function formatListen({ hosts, port, folder }: ListenAddresses): readonly string[] {
  const addresses = hosts.map((host) => formatListenAddress({ host, port }));
  if (folder === '') return addresses;
  return [...addresses, addresses.length === 0 ? `${folder}:${port}` : folder];
}

function readPlace(text: string): Place | undefined {
  const [, folder, port] = /^([/@].*?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (folder !== undefined) {
    const number = port === undefined ? undefined : Number(port);
    return number !== undefined && number > 65_535 ? undefined : { folder, port: number };
  }
  try {
    return parseListenAddress(text);
  } catch (error) {
    if (isSluiceError(error, 'SERVICE_LISTEN_ADDRESS')) return undefined;
    throw error;
  }
}
