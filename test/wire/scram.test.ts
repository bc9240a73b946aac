import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import { md5Password, ScramClient, type ChannelBinding } from '../../src/wire/index.ts';

// The example of RFC 7677, section 3.
const example = {
  user: 'user',
  password: 'pencil',
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  binding: { flag: 'n' },
} as const;
const serverFirst =
  'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

async function atServerFinal(): Promise<ScramClient> {
  const client = new ScramClient(example);
  await client.clientFinal(Buffer.from(serverFirst));
  return client;
}

describe('ScramClient', () => {
  test('speaks the example of RFC 7677', async () => {
    const client = new ScramClient(example);
    expect(client.clientFirst().toString()).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    const final = await client.clientFinal(Buffer.from(serverFirst));
    expect(final.toString()).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
        'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    );
    client.verify(Buffer.from(serverFinal));
  });

  test('binds to the channel by the hash of the certificate', async () => {
    const endPointHash = createHash('sha256').update('certificate').digest();
    const binding: ChannelBinding = { flag: 'p', endPointHash };
    const client = new ScramClient({ ...example, binding });
    expect(client.clientFirst().toString()).toMatch(/^p=tls-server-end-point,,n=user,r=/);
    const final = await client.clientFinal(Buffer.from(serverFirst));
    const channel = Buffer.concat([Buffer.from('p=tls-server-end-point,,'), endPointHash]);
    expect(final.toString()).toContain(`c=${channel.toString('base64')},r=`);
  });

  test('makes a nonce of its own each time', () => {
    const options = { password: 'pencil', binding: { flag: 'y' } } as const;
    const firsts = [new ScramClient(options), new ScramClient(options)].map((client) =>
      client.clientFirst().toString(),
    );
    expect(firsts[0]).toMatch(/^y,,n=,r=[A-Za-z0-9+/]{24}$/);
    expect(firsts[0]).not.toBe(firsts[1]);
  });

  test('proves any password of any salt to one who knows the stored key', async () => {
    const anyLogin = fc.record({
      password: fc
        .string({ minLength: 1, maxLength: 40 })
        .filter((text) => /^[\x20-\x7e]+$/.test(text)),
      salt: fc.uint8Array({ minLength: 1, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    });
    await fc.assert(
      fc.asyncProperty(anyLogin, async ({ password, salt }) => {
        const client = new ScramClient({ password, binding: { flag: 'n' } });
        const firstBare = client.clientFirst().toString().slice(3);
        const nonce = `${firstBare.slice(firstBare.indexOf('r=') + 2)}server`;
        const first = `r=${nonce},s=${salt.toString('base64')},i=7`;
        const final = (await client.clientFinal(Buffer.from(first))).toString();

        const salted = pbkdf2Sync(password, salt, 7, 32, 'sha256');
        const authMessage = `${firstBare},${first},${final.slice(0, final.indexOf(',p='))}`;
        const storedKey = sha256(hmac(salted, 'Client Key'));
        const proof = Buffer.from(final.slice(final.indexOf(',p=') + 3), 'base64');
        const clientKey = xor(proof, hmac(storedKey, authMessage));
        expect(sha256(clientKey)).toEqual(storedKey);
        const signature = hmac(hmac(salted, 'Server Key'), authMessage).toString('base64');
        client.verify(Buffer.from(`v=${signature}`));
      }),
      { numRuns: 30 },
    );
  });

  test('refuses a server that does not know the password', async () => {
    const wrong = `v=${Buffer.alloc(32).toString('base64')}`;
    for (const final of [wrong, 'v=AAAA', 'e=invalid-proof']) {
      const client = await atServerFinal();
      expect(() => client.verify(Buffer.from(final))).toThrow('AUTH_SERVER_PROOF');
    }
  });

  test('refuses a final message before the first', () => {
    const client = new ScramClient(example);
    expect(() => client.verify(Buffer.from(serverFinal))).toThrow('AUTH_SERVER_PROOF');
  });

  test('refuses work that would hold up the login for minutes', async () => {
    const first = Buffer.from(serverFirst.replace('i=4096', 'i=2000000000'));
    await expect(new ScramClient(example).clientFinal(first)).rejects.toThrow(
      'AUTH_SCRAM_ITERATIONS',
    );
  });

  test.each([
    ['the nonce of somebody else', serverFirst.replace('rOpr', 'rOpx')],
    ['only our own nonce', 'r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
    ['no iterations', serverFirst.replace('i=4096', 'i=0')],
    ['an extension it must understand', `m=x,${serverFirst}`],
    ['nothing', ''],
  ])('refuses %s', async (_name, first) => {
    const answer = new ScramClient(example).clientFinal(Buffer.from(first));
    await expect(answer).rejects.toThrow('PROTO_FIELD');
  });

  test('takes any bytes from the server: an answer, or a typed error', async () => {
    const anyMessage = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.nat({ max: serverFirst.length }).map((end) => Buffer.from(serverFirst.slice(0, end))),
    );
    await fc.assert(
      fc.asyncProperty(anyMessage, async (message) => {
        const client = new ScramClient(example);
        const failures = [
          await client.clientFinal(message).then(
            () => undefined,
            (error: unknown) => error,
          ),
          thrownBy(() => client.verify(message)),
        ];
        for (const failure of failures) {
          if (failure !== undefined) expect(isSluiceError(failure)).toBe(true);
        }
      }),
    );
  });
});

test('an md5 answer hashes password and user, then the salt', () => {
  const inner = createHash('md5').update('secretann').digest('hex');
  const outer = createHash('md5').update(`${inner}salt`).digest('hex');
  expect(md5Password('ann', 'secret', Buffer.from('salt'))).toBe(`md5${outer}`);
});

function thrownBy(action: () => void): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
}
