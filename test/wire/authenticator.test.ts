import { expect, test } from 'vitest';
import {
  Authenticator,
  type Authentication,
  type AuthenticatorOptions,
} from '../../src/wire/index.ts';
import { selfSigned } from './self-signed.ts';

const salt = Buffer.from('salt');
const { certificate } = selfSigned('ecdsa-sha384');

function authenticator(options: Partial<AuthenticatorOptions> = {}): Authenticator {
  return new Authenticator({
    user: 'ann',
    password: 'secret',
    channelBinding: 'prefer',
    isTls: false,
    serverCertificate: null,
    ...options,
  });
}

const scram: Authentication = { kind: 'sasl', mechanisms: ['SCRAM-SHA-256'] };
const both: Authentication = { kind: 'sasl', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] };
const ok: Authentication = { kind: 'ok' };

const skipped: [name: string, messages: Authentication[]][] = [
  ['the end right after the first SCRAM message', [scram, ok]],
  [
    'the final SCRAM message before the first',
    [scram, { kind: 'saslFinal', data: Buffer.from('v=AAAA') }],
  ],
  ['a SCRAM message that nobody asked for', [{ kind: 'saslContinue', data: Buffer.alloc(0) }]],
  ['another method in the middle of SCRAM', [scram, { kind: 'md5Password', salt }]],
  ['a cleartext password in the middle of SCRAM', [scram, { kind: 'cleartextPassword' }]],
  ['SCRAM a second time', [scram, scram]],
  ['a second password', [{ kind: 'md5Password', salt }, { kind: 'cleartextPassword' }]],
  ['the end a second time', [ok, ok]],
  ['channel binding where there is no TLS', [both]],
];

test.each(skipped)('breaks the login off at %s', async (_name, messages) => {
  const login = authenticator();
  const last = messages.at(-1) ?? ok;
  for (const message of messages.slice(0, -1)) await login.answer(message);
  await expect(login.answer(last)).rejects.toMatchObject({ code: 'AUTH_SEQUENCE' });
});

test('a server that does not ask is let go when nothing else is wanted', async () => {
  const login = authenticator();
  expect(login.isDone).toBe(false);
  expect(await login.answer(ok)).toBeNull();
  expect(login.isDone).toBe(true);
});

test.each([
  ['p=tls-server-end-point,,', 'SCRAM-SHA-256-PLUS', both, certificate, 'prefer'],
  ['y,,', 'SCRAM-SHA-256', scram, certificate, 'prefer'],
  ['n,,', 'SCRAM-SHA-256', both, certificate, 'disable'],
  // A certificate without a hash: to say "y" would be a lie, and the server would end the login.
  ['n,,', 'SCRAM-SHA-256', both, selfSigned('ed25519').certificate, 'prefer'],
] as const)(
  'over TLS it says %s to %s',
  async (flag, mechanism, offer, serverCertificate, channelBinding) => {
    const login = authenticator({ isTls: true, serverCertificate, channelBinding });
    const answer = String(await login.answer(offer));
    expect(answer).toContain(`${mechanism}\0`);
    expect(answer).toContain(`${flag}n=,r=`);
  },
);

test('without TLS it says that it cannot bind', async () => {
  expect(String(await authenticator().answer(scram))).toContain('n,,n=,r=');
});

test.each([
  ['AUTH_MECHANISM', { kind: 'sasl', mechanisms: ['OAUTHBEARER'] }],
  ['AUTH_UNSUPPORTED', { kind: 'unsupported', method: 'GSSAPI' }],
] as const)('%s names what we do not speak', async (code, message) => {
  await expect(authenticator().answer(message)).rejects.toMatchObject({ code });
});

test('the reason why binding cannot be had is told', async () => {
  const required = { channelBinding: 'require', isTls: true } as const;
  const offers: [Partial<AuthenticatorOptions>, Authentication, string][] = [
    [{ channelBinding: 'require' }, scram, 'not encrypted'],
    [{ ...required, serverCertificate: certificate }, scram, 'does not offer'],
    [{ ...required, serverCertificate: selfSigned('ed25519').certificate }, both, 'no hash'],
  ];
  for (const [options, offer, reason] of offers) {
    await expect(authenticator(options).answer(offer)).rejects.toThrow(reason);
  }
});
