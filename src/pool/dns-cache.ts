import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { SluiceError } from '../errors/index.ts';

interface Known {
  readonly addresses: readonly string[];
  readonly error: string | null;
  readonly expiresAtMs: number;
  next: number;
}

/** What the cache asks, and who hears of what has changed. */
export interface DnsCacheOptions {
  /** In seconds, as the settings have them now. */
  readonly ttls: () => { found: number; missing: number };
  /** All addresses of a name. Default: as the system finds them. */
  readonly lookUp?: ((host: string) => Promise<readonly string[]>) | undefined;
  /** The name had these addresses, and has others now. */
  readonly onVanished: (host: string, addresses: readonly string[]) => void;
}

/** One line of SHOW DNS_HOSTS. */
export interface DnsHost {
  readonly host: string;
  readonly ttlSeconds: number;
  readonly addresses: readonly string[];
}

/** Names of servers and their addresses, each used in turn; asked for again when `dns_max_ttl` has passed. */
export class DnsCache {
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Promise<Known>>();
  /** What each name had when it was last found: one that is not found now may be back in a moment. */
  readonly #lastFound = new Map<string, readonly string[]>();
  readonly #options: DnsCacheOptions;

  constructor(options: DnsCacheOptions) {
    this.#options = options;
  }

  /** @returns null for a Unix socket */
  async find(host: string): Promise<string | null> {
    if (host === '' || host.startsWith('/')) return null;
    if (isIP(host) !== 0) return host;
    const known = await this.#lookUp(host);
    const address = known.addresses[known.next % Math.max(1, known.addresses.length)];
    known.next++;
    if (address !== undefined) return address;
    const reason = `DNS lookup failed: ${known.error ?? 'no address'}`;
    throw new SluiceError('POOL_SERVER_UNREACHABLE', { place: host, reason });
  }

  hosts(): DnsHost[] {
    return [...this.#known].map(([host, { addresses, expiresAtMs }]) => ({
      host,
      ttlSeconds: Math.max(0, Math.round((expiresAtMs - Date.now()) / 1000)),
      addresses,
    }));
  }

  get pending(): number {
    return this.#asked.size;
  }

  /** RECONNECT and RELOAD ask again. */
  forget(): void {
    this.#known.clear();
  }

  #lookUp(host: string): Promise<Known> | Known {
    const known = this.#known.get(host);
    if (known !== undefined && known.expiresAtMs > Date.now()) return known;
    let asked = this.#asked.get(host);
    if (asked === undefined) {
      asked = this.#ask(host);
      this.#asked.set(host, asked);
    }
    return asked;
  }

  async #ask(host: string): Promise<Known> {
    const { found, missing } = this.#options.ttls();
    let known: Known;
    try {
      const addresses = await (this.#options.lookUp ?? systemLookUp)(host);
      this.#compare(host, addresses);
      known = { addresses, error: null, expiresAtMs: Date.now() + found * 1000, next: 0 };
    } catch (cause) {
      const error = cause instanceof Error ? cause.message : String(cause);
      known = { addresses: [], error, expiresAtMs: Date.now() + missing * 1000, next: 0 };
    }
    this.#known.set(host, known);
    this.#asked.delete(host);
    return known;
  }

  #compare(host: string, addresses: readonly string[]): void {
    const before = this.#lastFound.get(host) ?? [];
    this.#lastFound.set(host, addresses);
    const vanished = before.filter((address) => !addresses.includes(address));
    if (vanished.length > 0) this.#options.onVanished(host, vanished);
  }
}

async function systemLookUp(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
