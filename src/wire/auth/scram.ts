import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { SluiceError } from '../../errors/index.ts';
import type { ChannelBinding } from './channel-binding.ts';
import { saslPrep } from './saslprep.ts';

export interface ScramOptions {
  readonly password: string;
  readonly binding: ChannelBinding;
  /** PostgreSQL takes the user of the startup message and ignores this one. Default: empty, as libpq sends. */
  readonly user?: string;
  /** Printable ASCII without commas. Default: 18 random bytes in base64. */
  readonly nonce?: string;
}

const hashBytes = 32;
const nonceBytes = 18;
/** 2,000 times the default: several seconds of one core, which is as long as a login may take. */
const maxIterations = 10_000_000;

const deriveKey = promisify(pbkdf2);

const serverFirstPattern = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})$/;
const serverFinalPattern = /^(?:v=([A-Za-z0-9+/]+={0,2})|e=([^,]*))(?:,.*)?$/;

/**
 * The client's side of one SCRAM-SHA-256 login (RFC 5802, RFC 7677).
 *
 *     clientFirst() -> server-first -> clientFinal(...) -> server-final -> verify(...)
 */
export class ScramClient {
  private readonly password: string;
  private readonly gs2Header: string;
  private readonly channelData: Buffer;
  private readonly nonce: string;
  private readonly firstBare: string;
  private serverSignature: Buffer | null = null;

  constructor(options: ScramOptions) {
    const { binding } = options;
    this.password = options.password;
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

    const prepared = Buffer.from(saslPrep(this.password));
    const salted = await deriveKey(prepared, salt, iterations, hashBytes, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const proof = xor(clientKey, hmac(storedKey, authMessage));
    this.serverSignature = hmac(hmac(salted, 'Server Key'), authMessage);
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

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]!));
}

function malformed(what: string, expected: string): SluiceError {
  return new SluiceError('PROTO_FIELD', { what, expected, got: 'something else' });
}

function unproven(reason: string): SluiceError {
  return new SluiceError('AUTH_SERVER_PROOF', { reason });
}
