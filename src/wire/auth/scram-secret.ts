import { createHmac } from 'node:crypto';
import { storedKeyOf, scramHashBytes, type ScramKeys } from './scram-keys.ts';

/** What a server keeps of a password: enough to check a proof, not enough to make one (RFC 5803). */
export interface ScramSecret {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** A C int, as PostgreSQL reads it. */
const maxIterations = 0x7fff_ffff;
/** As PostgreSQL salts. */
export const scramSaltBytes = 16;

const secretPattern =
  /^SCRAM-SHA-256\$([1-9]\d{0,9}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

/**
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, the salt and the keys in base64, as
 * pg_authid.rolpassword holds it.
 *
 * @returns null when the text is something else
 */
export function parseScramSecret(text: string): ScramSecret | null {
  const match = secretPattern.exec(text);
  if (!match) return null;
  const [, iterationsText, salt = '', storedKey = '', serverKey = ''] = match;
  const iterations = Number(iterationsText);
  if (iterations > maxIterations) return null;
  return {
    iterations,
    salt: Buffer.from(salt, 'base64'),
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  };
}

export function formatScramSecret({ iterations, salt, storedKey, serverKey }: ScramSecret): string {
  const [salt64, stored64, server64] = [salt, storedKey, serverKey].map((bytes) =>
    bytes.toString('base64'),
  );
  return `SCRAM-SHA-256$${iterations}:${salt64}$${stored64}:${server64}`;
}

/** The secret that stands for a password whose keys were derived with this salt. */
export function scramSecretOf(keys: ScramKeys, salt: Buffer, iterations: number): ScramSecret {
  const { clientKey, serverKey } = keys;
  return { iterations, salt, storedKey: storedKeyOf(clientKey), serverKey };
}

/**
 * A salt that looks chosen at random and stays the same for one user.
 *
 * Used for users that do not exist, as PostgreSQL does, and for those whose password we know in plain text:
 * then nobody can tell them apart by asking twice.
 *
 * @param key  a secret of the process
 */
export function stableSalt(key: Buffer, user: string): Buffer {
  return digest(key, 'salt', user).subarray(0, scramSaltBytes);
}

/** The secret of a user who does not exist: no proof fits it. */
export function mockScramSecret(key: Buffer, user: string, iterations: number): ScramSecret {
  return {
    iterations,
    salt: stableSalt(key, user),
    storedKey: digest(key, 'stored', user).subarray(0, scramHashBytes),
    serverKey: digest(key, 'server', user).subarray(0, scramHashBytes),
  };
}

function digest(key: Buffer, purpose: string, user: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}:${user}`).digest();
}
