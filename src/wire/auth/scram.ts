import { randomBytes, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '../../errors/index.ts';
import type { ChannelBinding } from './channel-binding.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { deriveScramKeys, hmac, storedKeyOf, xor, type ScramKeys } from './scram-keys.ts';

/**
 * What a client proves itself with. Keys depend on the salt and the iterations: they fit a server that holds
 * the very secret they were learnt from, and any other refuses them as a wrong password.
 */
export type ScramCredential =
  | { readonly password: string; readonly keys?: undefined }
  | { readonly keys: ScramKeys; readonly password?: undefined };

export type ScramOptions = ScramCredential & {
  readonly binding: ChannelBinding;
  /** PostgreSQL takes the user of the startup message and ignores this one. Default: empty, as libpq sends. */
  readonly user?: string;
  /** Printable ASCII without commas. Default: 18 random bytes in base64. */
  readonly nonce?: string;
  /** Remembers what was derived from the password; absent: derived anew. */
  readonly keyCache?: ScramKeyCache | undefined;
};

const nonceBytes = 18;
/** 2,000 times the default: several seconds of one core, which is as long as a login may take. */
const maxIterations = 10_000_000;

const serverFirstPattern = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})$/;
const serverFinalPattern = /^(?:v=([A-Za-z0-9+/]+={0,2})|e=([^,]*))(?:,.*)?$/;

/**
 * The client's side of one SCRAM-SHA-256 login (RFC 5802, RFC 7677).
 *
 *     clientFirst() -> server-first -> clientFinal(...) -> server-final -> verify(...)
 */
export class ScramClient {
  private readonly options: ScramOptions;
  private readonly gs2Header: string;
  private readonly channelData: Buffer;
  private readonly nonce: string;
  private readonly firstBare: string;
  private serverSignature: Buffer | null = null;

  constructor(options: ScramOptions) {
    const { binding } = options;
    this.options = options;
    this.nonce = options.nonce ?? randomBytes(nonceBytes).toString('base64');
    this.gs2Header = `${binding.flag === 'p' ? 'p=tls-server-end-point' : binding.flag},,`;
    this.channelData = binding.flag === 'p' ? binding.endPointHash : Buffer.alloc(0);
    this.firstBare = `n=${escapeName(options.user ?? '')},r=${this.nonce}`;
  }

  clientFirst(): Buffer {
    return Buffer.from(this.gs2Header + this.firstBare);
  }

  /**
   * @throws PROTO_FIELD  the message is malformed or answers another client's nonce
   * @throws AUTH_SCRAM_ITERATIONS  it would take longer than a login may
   */
  async clientFinal(serverFirst: Buffer): Promise<Buffer> {
    const first = serverFirst.toString('utf8');
    const { nonce, salt, iterations } = this.parseServerFirst(first);
    const channel = Buffer.concat([Buffer.from(this.gs2Header), this.channelData]);
    const withoutProof = `c=${channel.toString('base64')},r=${nonce}`;
    const authMessage = `${this.firstBare},${first},${withoutProof}`;

    const { clientKey, serverKey } = await this.deriveKeys(salt, iterations);
    const proof = xor(clientKey, hmac(storedKeyOf(clientKey), authMessage));
    this.serverSignature = hmac(serverKey, authMessage);
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** @throws AUTH_SERVER_PROOF  the server does not know the password, or says that it failed */
  verify(serverFinal: Buffer): void {
    const match = serverFinalPattern.exec(serverFinal.toString('utf8'));
    if (!match) throw malformed('a SCRAM server-final message', 'v=... or e=...');
    const [, signature, error] = match;
    if (signature === undefined) {
      throw unproven(`it reports ${JSON.stringify(error?.slice(0, 100))}`);
    }
    const given = Buffer.from(signature, 'base64');
    const due = this.serverSignature;
    if (due === null || given.length !== due.length || !timingSafeEqual(given, due)) {
      throw unproven('its signature is wrong');
    }
  }

  private async deriveKeys(salt: Buffer, iterations: number): Promise<ScramKeys> {
    const { keys, password, keyCache } = this.options;
    if (keys !== undefined) return keys;
    if (keyCache) return keyCache.derive(password, salt, iterations);
    return deriveScramKeys(password, salt, iterations);
  }

  private parseServerFirst(text: string): { nonce: string; salt: Buffer; iterations: number } {
    const match = serverFirstPattern.exec(text);
    if (!match) throw malformed('a SCRAM server-first message', 'r=..., s=... and i=...');
    const [, nonce = '', salt = '', iterationsText] = match;
    if (!nonce.startsWith(this.nonce) || nonce.length === this.nonce.length) {
      throw malformed('the SCRAM nonce', 'ours and an addition of the server');
    }
    const iterations = Number(iterationsText);
    if (iterations > maxIterations) {
      throw new SluiceError('AUTH_SCRAM_ITERATIONS', { iterations, limit: maxIterations });
    }
    return { nonce, salt: Buffer.from(salt, 'base64'), iterations };
  }
}

/** RFC 5802: a comma ends a name, an equals sign escapes. */
function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function malformed(what: string, expected: string): SluiceError {
  return new SluiceError('PROTO_FIELD', { what, expected, got: 'something else' });
}

function unproven(reason: string): SluiceError {
  return new SluiceError('AUTH_SERVER_PROOF', { reason });
}
