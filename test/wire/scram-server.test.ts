import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import {
  deriveScramKeys,
  formatScramSecret,
  mockScramSecret,
  parseScramSecret,
  ScramClient,
  ScramKeyCache,
  scramSecretOf,
  ScramServer,
  stableSalt,
  type ChannelBinding,
  type ScramSecret,
} from '../../src/wire/index.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const iterations = 4096;
const secret = scramSecretOf(await deriveScramKeys('pencil', salt, iterations), salt, iterations);
const endPointHash = createHash('sha256').update('our certificate').digest();
const unbound: ChannelBinding = { flag: 'n' };

interface LoginOptions {
  readonly password?: string;
  readonly binding?: ChannelBinding;
  readonly offered?: Buffer | null;
  readonly mechanism?: string;
  readonly secret?: ScramSecret;
}

/** A whole login. @returns the client key recovered from the proof, null: refused */
async function login(options: LoginOptions): Promise<Buffer | null> {
  const { password = 'pencil', binding = unbound, offered = null } = options;
  const against = options.secret ?? secret;
  const client = new ScramClient({ password, binding });
  const server = new ScramServer({ ...against, endPointHash: offered });
  const usual = binding.flag === 'p' ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256';
  const serverFirst = server.first(options.mechanism ?? usual, client.clientFirst());
  const proof = server.final(await client.clientFinal(serverFirst), against);
  if (proof) client.verify(proof.serverFinal);
  return proof?.clientKey ?? null;
}

describe('ScramServer', () => {
  test('speaks the example of RFC 7677', () => {
    const server = new ScramServer({
      ...secret,
      endPointHash: null,
      nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    });
    const first = server.first('SCRAM-SHA-256', Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'));
    expect(first.toString()).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    );
    const final =
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
      'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
    const proof = server.final(Buffer.from(final), secret);
    expect(proof?.serverFinal.toString()).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  test('recovers the key of a client that knows the password, and of no other', async () => {
    const { clientKey } = await deriveScramKeys('pencil', salt, iterations);
    expect(await login({})).toEqual(clientKey);
    expect(await login({ password: 'Pencil' })).toBeNull();
    expect(await login({ secret: mockScramSecret(salt, 'pencil', iterations) })).toBeNull();
  });

  test('takes the recovered key in place of the password', async () => {
    const clientKey = await login({});
    if (!clientKey) throw new Error('not logged in');
    const keys = { clientKey, serverKey: secret.serverKey };
    const client = new ScramClient({ keys, binding: unbound });
    const server = new ScramServer({ ...secret, endPointHash: null });
    const first = server.first('SCRAM-SHA-256', client.clientFirst());
    const proof = server.final(await client.clientFinal(first), secret);
    client.verify(proof?.serverFinal ?? Buffer.alloc(0));
    expect(proof?.clientKey).toEqual(clientKey);
  });

  test('binds to the TLS channel', async () => {
    const binding: ChannelBinding = { flag: 'p', endPointHash };
    expect(await login({ binding, offered: endPointHash })).not.toBeNull();
    expect(await login({ binding: { flag: 'n' }, offered: endPointHash })).not.toBeNull();
    expect(await login({ binding: { flag: 'y' } })).not.toBeNull();
  });

  test.each<[string, LoginOptions]>([
    ['another certificate', { binding: { flag: 'p', endPointHash: salt }, offered: endPointHash }],
    ['y where we offered binding: a downgrade', { binding: { flag: 'y' }, offered: endPointHash }],
    [
      'binding without -PLUS',
      {
        binding: { flag: 'p', endPointHash },
        offered: endPointHash,
        mechanism: 'SCRAM-SHA-256',
      },
    ],
    ['-PLUS without binding', { offered: endPointHash, mechanism: 'SCRAM-SHA-256-PLUS' }],
  ])('refuses %s', async (_, options) => {
    await expect(login(options)).rejects.toMatchObject({ code: 'AUTH_CLIENT_BINDING' });
  });

  test('refuses -PLUS that was not offered, and mechanisms that do not exist', async () => {
    const binding: ChannelBinding = { flag: 'p', endPointHash };
    await expect(login({ binding })).rejects.toMatchObject({ code: 'AUTH_CLIENT_MESSAGE' });
    for (const mechanism of ['', 'SCRAM-SHA-1', 'scram-sha-256', 'toString']) {
      await expect(login({ mechanism })).rejects.toMatchObject({ code: 'AUTH_CLIENT_MESSAGE' });
    }
  });

  test.each(
    [
      ['', 'nothing'],
      ['n', 'a cut header'],
      ['n,', 'a cut header'],
      ['n,,', 'no name'],
      ['n,,n=', 'no nonce'],
      ['n,,n=,r=', 'an empty nonce'],
      ['n,,n=,r=a b', 'a nonce with a blank'],
      ['n,,n=,r=a\u00e9', 'a nonce that is not ASCII'],
      ['n,a=admin,n=,r=abc', 'an authorization identity'],
      ['n,,m=ext,n=,r=abc', 'a mandatory extension'],
      ['n,,n=,r=abc,', 'an empty extension'],
      ['n,,n=,r=abc,x', 'a cut extension'],
      ['n,,n=\0,r=abc', 'a zero byte'],
      ['x,,n=,r=abc', 'an unknown flag'],
      ['p=,,n=,r=abc', 'no binding type'],
      [`n,,n=,r=${'a'.repeat(513)}`, 'a nonce that is too long'],
      [`n,,n=${'a'.repeat(4096)},r=abc`, 'a message that is too long'],
      [`n,,n=${'=2C'.repeat(1_000_000)},r=abc`, 'a message of megabytes'],
    ].map(([message = '', what]) => ({ message, what })),
  )('refuses a first message with $what', ({ message }) => {
    const server = new ScramServer({ ...secret, endPointHash: null });
    expect(codeOf(() => server.first('SCRAM-SHA-256', Buffer.from(message)))).toBe(
      'AUTH_CLIENT_MESSAGE',
    );
  });

  test('passes over extensions it does not know', () => {
    const server = new ScramServer({ ...secret, endPointHash: null, nonce: 'S' });
    const first = server.first('SCRAM-SHA-256', Buffer.from('n,,n=x=2Cy,r=abc,z=1,y=2'));
    expect(first.toString()).toMatch(/^r=abcS,/);
  });

  test.each(
    [
      ['c=biws,r=abcS', 'no proof'],
      ['c=biws,r=abcS,p=', 'an empty proof'],
      [`c=biws,r=abcS,p=${'A'.repeat(42)}==`, 'a short proof'],
      [`c=biws,r=abcS,p=${'A'.repeat(47)}=`, 'a long proof'],
      [`c=biws,r=abcS,p=${'A'.repeat(43)}=,x=1`, 'something after the proof'],
      [`c=biws,r=abc,p=${'A'.repeat(43)}=`, 'a cut nonce'],
      [`c=biws,r=abcSS,p=${'A'.repeat(43)}=`, 'another nonce'],
      [`c=biws,r=Sabc,p=${'A'.repeat(43)}=`, 'a nonce in another order'],
      [`r=abcS,c=biws,p=${'A'.repeat(43)}=`, 'another order'],
      [`c=biws,r=abcS,p=${'A'.repeat(100_000)}=`, 'a huge proof'],
      [`c=${'A'.repeat(5000)},r=abcS,p=${'A'.repeat(43)}=`, 'huge binding data'],
    ].map(([message = '', what]) => ({ message, what })),
  )('refuses a final message with $what', ({ message }) => {
    const server = new ScramServer({ ...secret, endPointHash: null, nonce: 'S' });
    server.first('SCRAM-SHA-256', Buffer.from('n,,n=,r=abc'));
    expect(codeOf(() => server.final(Buffer.from(message), secret))).toBe('AUTH_CLIENT_MESSAGE');
  });

  test('refuses binding data that were not announced', () => {
    for (const channel of ['eSws', 'cD10bHMtc2VydmVyLWVuZC1wb2ludCws', 'biwsAAAA']) {
      const server = new ScramServer({ ...secret, endPointHash: null, nonce: 'S' });
      server.first('SCRAM-SHA-256', Buffer.from('n,,n=,r=abc'));
      const final = Buffer.from(`c=${channel},r=abcS,p=${'A'.repeat(43)}=`);
      expect(codeOf(() => server.final(final, secret))).toBe('AUTH_CLIENT_BINDING');
    }
  });

  test('judges one proof only', async () => {
    const client = new ScramClient({ password: 'wrong', binding: unbound });
    const server = new ScramServer({ ...secret, endPointHash: null });
    expect(codeOf(() => server.final(Buffer.from(''), secret))).toBe('AUTH_CLIENT_MESSAGE');
    const first = server.first('SCRAM-SHA-256', client.clientFirst());
    const final = await client.clientFinal(first);
    expect(server.final(final, secret)).toBeNull();
    expect(codeOf(() => server.final(final, secret))).toBe('AUTH_CLIENT_MESSAGE');
    expect(codeOf(() => server.first('SCRAM-SHA-256', client.clientFirst()))).toBe(
      'AUTH_CLIENT_MESSAGE',
    );
  });

  test('no bytes crash it, and none but the right ones log in', async () => {
    const client = new ScramClient({ password: 'pencil', binding: unbound, nonce: 'abc' });
    const probe = new ScramServer({ ...secret, endPointHash: null, nonce: 'S' });
    const first = client.clientFirst();
    const final = await client.clientFinal(probe.first('SCRAM-SHA-256', first));
    const messages = fc.tuple(mutationsOf(first), mutationsOf(final));
    let loggedIn = 0;
    fc.assert(
      fc.property(messages, fc.boolean(), ([anyFirst, anyFinal], isPlus) => {
        const offered = isPlus ? endPointHash : null;
        const server = new ScramServer({ ...secret, endPointHash: offered, nonce: 'S' });
        const code = codeOf(() => {
          server.first('SCRAM-SHA-256', anyFirst);
          if (server.final(anyFinal, secret) === null) return;
          loggedIn++;
          if (!anyFirst.equals(first) || !anyFinal.equals(final)) throw new Error('a forgery');
        });
        expect(code).toBeOneOf([null, 'AUTH_CLIENT_MESSAGE', 'AUTH_CLIENT_BINDING']);
      }),
      { numRuns: 5000 },
    );
    expect(loggedIn).toBeGreaterThan(0);
  });
});

describe('secrets', () => {
  test('are written as PostgreSQL writes them, and read back', () => {
    const text = formatScramSecret(secret);
    expect(text).toMatch(/^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[^:]{44}:.{44}$/);
    expect(parseScramSecret(text)).toEqual(secret);
  });

  test.each([
    '',
    'SCRAM-SHA-256',
    'SCRAM-SHA-256$4096:',
    'SCRAM-SHA-256$0:W22Z$AAAA:AAAA',
    'SCRAM-SHA-1$4096:W22ZaJ0SNY7soEsUEjb6gQ==$A:B',
    formatScramSecret(secret).slice(0, -1),
    `${formatScramSecret(secret)}\n`,
    formatScramSecret(secret).replace('4096', '9999999999'),
  ])('other texts are none: %j', (text) => {
    expect(parseScramSecret(text)).toBeNull();
  });

  test('of unknown users stay the same, and differ from each other', () => {
    const key = Buffer.alloc(32, 1);
    const mock = mockScramSecret(key, 'joe', 4096);
    expect(mock).toEqual(mockScramSecret(key, 'joe', 4096));
    expect(mock.salt).toEqual(stableSalt(key, 'joe'));
    expect(mock.salt).not.toEqual(mockScramSecret(key, 'jim', 4096).salt);
    expect(mock.salt).not.toEqual(mockScramSecret(Buffer.alloc(32, 2), 'joe', 4096).salt);
    expect(mock.salt).toHaveLength(16);
    expect(mock.storedKey).not.toEqual(mock.serverKey);
  });
});

describe('ScramKeyCache', () => {
  test('derives once a password, salt and iterations', async () => {
    const cache = new ScramKeyCache();
    const keys = cache.derive('pencil', salt, 4096);
    expect(cache.derive('pencil', salt, 4096)).toBe(keys);
    expect((await keys).serverKey).toEqual(secret.serverKey);
    for (const other of [
      cache.derive('pencil!', salt, 4096),
      cache.derive('pencil', endPointHash, 4096),
      cache.derive('pencil', salt, 4095),
    ]) {
      expect((await other).serverKey).not.toEqual(secret.serverKey);
    }
  });

  test('forgets what was not used for longest', async () => {
    const cache = new ScramKeyCache(2);
    const [a, b] = [cache.derive('a', salt, 1), cache.derive('b', salt, 1)];
    expect(cache.derive('a', salt, 1)).toBe(a);
    await cache.derive('c', salt, 1);
    expect(cache.derive('a', salt, 1)).toBe(a);
    expect(cache.derive('b', salt, 1)).not.toBe(b);
  });
});

/** Bytes changed, taken out, put in; often none. */
function mutationsOf(message: Buffer): fc.Arbitrary<Buffer> {
  const at = fc.nat({ max: message.length - 1 });
  const someBytes = fc.uint8Array({ maxLength: 8 });
  const edit = fc.tuple(at, fc.nat({ max: 3 }), someBytes);
  return fc.array(edit, { maxLength: 2 }).map((edits) => {
    let bytes = Buffer.from(message);
    for (const [start, removed, added] of edits) {
      bytes = Buffer.concat([bytes.subarray(0, start), added, bytes.subarray(start + removed)]);
    }
    return bytes;
  });
}

function codeOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return error.code;
  }
}
