import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  BackendTag,
  decodeBackendKeyData,
  decodeNegotiateProtocolVersion,
  negotiatedVersion,
  ProtocolVersion,
  saslPrep,
} from '../../src/wire/index.ts';
import { majors, postgres, type TestServer } from '../kit/index.ts';
import { RawConnection, type LoginOptions } from './raw-connection.ts';
import { selfSigned } from './self-signed.ts';

const password = 'pa ss\u00a0w\u00f6rd \u2168'; // SASLprep changes it

const hba = `
host all postgres 127.0.0.1/32 trust
host all scram_user 127.0.0.1/32 scram-sha-256
host all md5_user 127.0.0.1/32 md5
host all clear_user 127.0.0.1/32 password
`;

describe.each(majors)('logging in to PostgreSQL %i', (major) => {
  const server = postgres(major, { max_connections: 40 });

  beforeAll(async () => {
    await server.query(`
      SET password_encryption = 'scram-sha-256';
      CREATE ROLE scram_user LOGIN PASSWORD '${password}';
      CREATE ROLE clear_user LOGIN PASSWORD '${password}';
      SET password_encryption = 'md5';
      CREATE ROLE md5_user LOGIN PASSWORD '${password}'`);
    const { certificatePem, keyPem } = selfSigned('rsa-sha512');
    await writeServerFile(server, 'server.crt', certificatePem);
    await writeServerFile(server, 'server.key', keyPem);
    await writeServerFile(server, 'pg_hba.conf', hba);
    await server.query('ALTER SYSTEM SET ssl = on');
    await server.local.stop();
    await server.local.start();
  });

  async function login(options: LoginOptions): Promise<void> {
    await using connection = await RawConnection.open(server.port, options);
    await connection.query('SELECT 1');
  }

  test.each(['scram_user', 'md5_user', 'clear_user'])('works as %s', async (user) => {
    await login({ user, password });
    await login({ user, password, isTls: true });
    await expect(login({ user, password: 'wrong' })).rejects.toMatchObject({ sqlstate: '28P01' });
    await expect(login({ user })).rejects.toMatchObject({ code: 'AUTH_PASSWORD_MISSING' });
  });

  test('binds to the TLS channel when both sides can', async () => {
    await login({ user: 'scram_user', password, isTls: true, channelBinding: 'require' });
    await login({ user: 'scram_user', password, isTls: true, channelBinding: 'disable' });
  });

  test('refuses to go on without the binding it requires', async () => {
    for (const options of [
      { user: 'scram_user', password },
      { user: 'md5_user', password, isTls: true },
      { user: 'clear_user', password, isTls: true },
      { user: 'postgres', isTls: true },
    ]) {
      const refused = login({ ...options, channelBinding: 'require' });
      await expect(refused).rejects.toMatchObject({ code: 'AUTH_CHANNEL_BINDING' });
    }
  });

  test('refuses methods that are not allowed', async () => {
    const allowedMethods = new Set(['scram-sha-256'] as const);
    await login({ user: 'scram_user', password, allowedMethods });
    for (const user of ['md5_user', 'clear_user', 'postgres']) {
      const refused = login({ user, password, allowedMethods });
      await expect(refused).rejects.toMatchObject({ code: 'AUTH_METHOD_REFUSED' });
    }
  });

  test('asks for protocol 3.2 and takes what the server has', async () => {
    await using connection = await RawConnection.open(server.port, {
      version: ProtocolVersion.v3_2,
    });
    const answer = connection.greeting.find(
      ({ tag }) => tag === BackendTag.negotiateProtocolVersion,
    );
    const key = connection.greeting.find(({ tag }) => tag === BackendTag.backendKeyData);
    const { key: cancelKey } = decodeBackendKeyData(
      key?.body ?? Buffer.alloc(0),
      0,
      key?.body.length ?? 0,
    );
    if (major >= 18) {
      expect(answer).toBeUndefined();
      expect(cancelKey.length).toBeGreaterThan(4);
    } else {
      const body = answer?.body ?? Buffer.alloc(0);
      const offer = decodeNegotiateProtocolVersion(body, 0, body.length);
      expect(negotiatedVersion(ProtocolVersion.v3_2, [], offer)).toBe(ProtocolVersion.v3_0);
      expect(cancelKey).toHaveLength(4);
    }
  });

  test('learns which protocol options the server does not know', async () => {
    const parameters = { '_pq_.sluice_test': '1' };
    await using connection = await RawConnection.open(server.port, { parameters });
    const answer = connection.greeting.find(
      ({ tag }) => tag === BackendTag.negotiateProtocolVersion,
    );
    const body = answer?.body ?? Buffer.alloc(0);
    const offer = decodeNegotiateProtocolVersion(body, 0, body.length);
    expect(offer.unknownOptions).toEqual(['_pq_.sluice_test']);
    const version = negotiatedVersion(ProtocolVersion.v3_0, Object.keys(parameters), offer);
    expect(version).toBe(ProtocolVersion.v3_0);
  });

  test('prepares passwords as the server does', async () => {
    // Before 16 the server always hashes 4096 times.
    const numRuns = major >= 16 ? 1000 : 100;
    const passwords = fc.sample(anyPassword(), { numRuns, seed: 7 });
    const database = await server.database();
    await database.query("SET password_encryption = 'scram-sha-256'");
    if (major >= 16) await database.query('SET scram_iterations = 1');
    const creates = passwords.map((text, i) => {
      const literal = text.replaceAll("'", "''");
      return `CREATE ROLE prep_${i} PASSWORD '${literal}'`;
    });
    await database.query(`SET standard_conforming_strings = on; ${creates.join(';')}`);
    const rows = await database.rows<{ name: string; verifier: string }>(
      `SELECT rolname AS name, rolpassword AS verifier FROM pg_authid WHERE rolname LIKE 'prep_%'`,
    );
    const verifiers = new Map(rows.map(({ name, verifier }) => [name, verifier]));
    const differing = passwords.filter(
      (text, i) => !isVerifierOf(verifiers.get(`prep_${i}`) ?? '', saslPrep(text)),
    );
    expect(differing.map(codePointsOf)).toEqual([]);
    const changed = passwords.filter((text) => saslPrep(text) !== text);
    expect(changed.length).toBeGreaterThan(numRuns / 10);
    await database.query(passwords.map((_, i) => `DROP ROLE prep_${i}`).join(';'));
  });
});

/** Spaces, characters that vanish, that are composed or decomposed, right-to-left, forbidden, unassigned. */
const noteworthy = [
  "a Z 7 ' \\ \u00aa \u2168 \ufb01 \u212b e\u0301 \u00e9",
  '\u00ad \u034f \u200b \u200c \u2060 \ufeff \ufe0f \u0627 \u05d0 \u0661',
  '\u0007 \u007f \u0085 \u2028 \ue000 \ufdd0 \ufffd \u2ff0 \u0221',
  '\u{1f600} \u{e0001} \u{10fffd}',
]
  .flatMap((characters) => characters.split(' '))
  .concat(' ', '\u00a0', '\u1680', '\u2003', '\u3000');

/** Mostly characters that SASLprep does something about. */
function anyPassword(): fc.Arbitrary<string> {
  const special = fc.constantFrom(...noteworthy);
  const anything = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
  const arabic = fc.integer({ min: 0x0600, max: 0x06ff }).map((c) => String.fromCodePoint(c));
  return fc
    .array(fc.oneof(special, special, special, anything, arabic), { minLength: 1, maxLength: 5 })
    .map((characters) => characters.join(''))
    .filter((text) => !text.includes('\0'));
}

/** SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey */
function isVerifierOf(verifier: string, prepared: string): boolean {
  const match = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier);
  if (!match) throw new Error(`not a verifier: ${verifier}`);
  const [, iterations, salt = '', storedKey] = match;
  const salted = pbkdf2Sync(
    prepared,
    Buffer.from(salt, 'base64'),
    Number(iterations),
    32,
    'sha256',
  );
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(clientKey).digest('base64') === storedKey;
}

function codePointsOf(text: string): string {
  return Array.from(text, (character) => character.codePointAt(0)?.toString(16)).join(' ');
}

/** Written as root or not, the file belongs to the server's own user and nobody else reads it. */
async function writeServerFile(server: TestServer, name: string, content: string): Promise<void> {
  const { dataDir } = server.local;
  const owner = await stat(dataDir);
  const path = join(dataDir, name);
  await writeFile(path, content, { mode: 0o600 });
  await chown(path, owner.uid, owner.gid);
  if ((await readFile(path, 'utf8')) !== content) throw new Error(`${path} was not written`);
}
