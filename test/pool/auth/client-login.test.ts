import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ClientLogin,
  loadAuthRules,
  type AuthRules,
  type AuthSettings,
  type LoginFacts,
  type LoginStep,
  type UserLookup,
} from '../../../src/pool/auth/index.ts';
import {
  Authenticator,
  decodeAuthentication,
  deriveScramKeys,
  formatScramSecret,
  md5Secret,
  scramSecretOf,
  type AuthenticatorOptions,
} from '../../../src/wire/index.ts';
import { temporaryFolder } from '../../kit/index.ts';
import { selfSigned } from '../../wire/self-signed.ts';
import { facts, lookupOf, tcp, unixAddress } from './facts.ts';

const salt = randomBytes(16);
const scramSecret = scramSecretOf(await deriveScramKeys('pencil', salt, 4096), salt, 4096);
const certificate = new X509Certificate(selfSigned('rsa-sha256').certificatePem);

/** joe's password is pencil, stored in every way; empty has none. */
const users = {
  plain: 'pencil',
  md5: md5Secret('md5', 'pencil'),
  scram: formatScramSecret(scramSecret),
  empty: '',
};
const lookup = lookupOf(users);
const storedAs = new Map(Object.entries(users));

async function rules(differing: Partial<AuthSettings> = {}): Promise<AuthRules> {
  return loadAuthRules({
    auth_type: 'md5',
    auth_hba_file: '',
    auth_ident_file: '',
    admin_users: ['plain'],
    stats_users: ['scram'],
    scram_iterations: 4096,
    ...differing,
  });
}

async function hbaRules(hba: string, ident = ''): Promise<AuthRules> {
  const folder = temporaryFolder();
  const [hbaFile, identFile] = [join(folder, 'hba'), join(folder, 'ident')];
  writeFileSync(hbaFile, hba);
  writeFileSync(identFile, ident);
  return rules({ auth_type: 'hba', auth_hba_file: hbaFile, auth_ident_file: identFile });
}

interface Outcome {
  /** What the client was asked for, message by message. */
  readonly asked: string[];
  readonly step: LoginStep;
}

/** A whole login, the other side played by the client half of the wire room. */
async function login(
  against: AuthRules,
  differing: Partial<LoginFacts>,
  client: Partial<AuthenticatorOptions> = {},
  found: UserLookup = lookup,
): Promise<Outcome> {
  const about = facts(differing);
  const one = new ClientLogin(about, against, found);
  const authenticator = new Authenticator({
    user: about.user,
    password: 'pencil',
    channelBinding: 'prefer',
    isTls: about.isTls,
    serverCertificate: about.serverCertificate,
    ...client,
  });
  const asked: string[] = [];
  for (let step = await one.begin(); ;) {
    if (step.kind !== 'refuse' && step.bytes.length > 0) {
      const body = step.bytes.subarray(5);
      expect(step.bytes.readInt32BE(1)).toBe(body.length + 4);
      const message = decodeAuthentication(body, 0, body.length);
      asked.push(message.kind === 'sasl' ? message.mechanisms.join() : message.kind);
      const answer = await authenticator.answer(message);
      if (step.kind === 'done') return { asked, step };
      step = await one.answer(answer?.subarray(5) ?? Buffer.alloc(0));
    } else {
      return { asked, step };
    }
  }
}

function done(step: LoginStep): Extract<LoginStep, { kind: 'done' }> {
  if (step.kind !== 'done') throw new Error(`${step.kind}: ${JSON.stringify(step)}`);
  return step;
}

function refusal(message: string): object {
  return { kind: 'refuse', sqlstate: '08P01', message };
}

const byScram = ['SCRAM-SHA-256', 'saslContinue', 'saslFinal'];
const passwordFailed = 'password authentication failed';
const scramFailed = 'SASL authentication failed';

describe('auth_type', () => {
  test('any lets everybody in, and asks nobody', async () => {
    const found: UserLookup = { find: () => Promise.reject(new Error('not to be asked')) };
    const { asked, step } = await login(
      await rules({ auth_type: 'any' }),
      { user: 'x' },
      {},
      found,
    );
    expect(asked).toEqual([]);
    expect(done(step).credentials).toEqual({ user: 'x', password: null, scramKeys: null });
  });

  test('trust lets in users who exist', async () => {
    const against = await rules({ auth_type: 'trust' });
    const { asked, step } = await login(against, { user: 'plain' });
    expect(asked).toEqual([]);
    expect(done(step).credentials.password?.reveal()).toBe('pencil');
    expect(done((await login(against, { user: 'empty' })).step).credentials.password).toBeNull();
    expect((await login(against, { user: 'x' })).step).toMatchObject(
      refusal('"trust" authentication failed'),
    );
  });

  test.each(['plain', 'md5', 'scram'])('plain checks a password stored as %s', async (user) => {
    const against = await rules({ auth_type: 'plain' });
    const { asked, step } = await login(against, { user });
    expect(asked).toEqual(['cleartextPassword']);
    expect(done(step).credentials.password?.reveal()).toBe('pencil');
    expect(done(step).credentials.scramKeys !== null).toBe(user === 'scram');
    const wrong = await login(against, { user }, { password: 'Pencil' });
    expect(wrong.step).toMatchObject({ ...refusal(passwordFailed), reason: 'wrong password' });
  });

  test.each([
    ['plain', ['md5Password']],
    ['md5', ['md5Password']],
    ['scram', byScram],
  ])('md5 checks a password stored as %s', async (user, messages) => {
    const against = await rules();
    const { asked, step } = await login(against, { user });
    expect(asked).toEqual(messages);
    expect(done(step).credentials.password?.reveal()).toBe(storedAs.get(user));
    const wrong = await login(against, { user }, { password: 'Pencil' });
    expect(wrong.step).toMatchObject(refusal(user === 'scram' ? scramFailed : passwordFailed));
  });

  test.each(['plain', 'scram'])('scram-sha-256 checks a password stored as %s', async (user) => {
    const against = await rules({ auth_type: 'scram-sha-256' });
    const { asked, step } = await login(against, { user });
    expect(asked).toEqual(byScram);
    const { password, scramKeys } = done(step).credentials;
    expect(password?.reveal()).toBe(storedAs.get(user));
    const keys = await deriveScramKeys('pencil', salt, 4096);
    expect(scramKeys).toEqual(user === 'scram' ? keys : null);
    const wrong = await login(against, { user }, { password: 'Pencil' });
    expect(wrong.step).toMatchObject({ ...refusal(scramFailed), reason: 'wrong password' });
  });

  test('scram-sha-256 cannot use an MD5 secret, and says why in the log alone', async () => {
    const { asked, step } = await login(await rules({ auth_type: 'scram-sha-256' }), {
      user: 'md5',
    });
    expect(asked).toEqual(byScram.slice(0, 2));
    expect(step).toMatchObject({
      ...refusal(scramFailed),
      reason: 'the stored secret is MD5, which SCRAM cannot use',
    });
  });

  test('scram-sha-256 binds to the TLS channel', async () => {
    const against = await rules({ auth_type: 'scram-sha-256' });
    const tls = { user: 'scram', isTls: true, serverCertificate: certificate.raw };
    const bound = await login(against, tls, { channelBinding: 'require' });
    expect(bound.asked[0]).toBe('SCRAM-SHA-256-PLUS,SCRAM-SHA-256');
    expect(bound.step.kind).toBe('done');
    expect((await login(against, tls, { channelBinding: 'disable' })).step.kind).toBe('done');
    const other = new X509Certificate(selfSigned('rsa-sha256').certificatePem).raw;
    const between = await login(against, tls, { serverCertificate: other });
    expect(between.step).toMatchObject(refusal(scramFailed));
  });

  test.each([
    ['plain', passwordFailed],
    ['md5', passwordFailed],
    ['scram-sha-256', scramFailed],
  ] as const)('%s treats nobody like a wrong password', async (authType, message) => {
    const against = await rules({ auth_type: authType });
    const wrong = await login(against, { user: 'plain' }, { password: 'Pencil' });
    for (const user of ['nobody', 'empty', 'constructor']) {
      const unknown = await login(against, { user });
      expect(unknown.asked).toEqual(wrong.asked);
      expect(unknown.step).toMatchObject(refusal(message));
    }
    expect((await login(against, { user: 'nobody' })).step).toMatchObject({
      reason: 'no such user',
    });
    expect((await login(against, { user: 'empty' })).step).toMatchObject({
      reason: 'the user has no password, or one that has expired',
    });
  });

  test('md5 asks unknown users what it asks the known ones', async () => {
    const against = await rules();
    expect((await login(against, { user: 'nobody' })).asked).toEqual(['md5Password']);
    await login(against, { user: 'scram' });
    expect((await login(against, { user: 'nobody' })).asked).toEqual(byScram.slice(0, 2));
    await login(against, { user: 'plain' });
    expect((await login(against, { user: 'nobody' })).asked).toEqual(['md5Password']);
  });

  test('salts of unknown users stay through a RELOAD', async () => {
    const settings = { auth_type: 'scram-sha-256' } as const;
    const before = await rules(settings);
    const after = await loadAuthRules(
      {
        ...settings,
        auth_hba_file: '',
        auth_ident_file: '',
        admin_users: [],
        stats_users: [],
        scram_iterations: 4096,
      },
      before,
    );
    const [first, again, other] = [
      await saltOf(before, 'nobody'),
      await saltOf(after, 'nobody'),
      await saltOf(after, 'somebody'),
    ];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(await saltOf(before, 'plain')).toBe(await saltOf(after, 'plain'));
  });

  test('scram_iterations counts for plain passwords and unknown users', async () => {
    const against = await rules({ auth_type: 'scram-sha-256', scram_iterations: 7 });
    expect(await challengeOf(against, 'plain')).toMatch(/,i=7$/);
    expect(await challengeOf(against, 'nobody')).toMatch(/,i=7$/);
    expect(await challengeOf(against, 'scram')).toMatch(/,i=4096$/);
  });

  test('a lookup that fails is an error, not a refusal', async () => {
    const failing: UserLookup = { find: () => Promise.reject(new Error('no server')) };
    await expect(login(await rules(), {}, {}, failing)).rejects.toThrow('no server');
  });
});

async function challengeOf(against: AuthRules, user: string): Promise<string> {
  const one = new ClientLogin(facts({ user }), against, lookup);
  await one.begin();
  const step = await one.answer(saslInitial('SCRAM-SHA-256', 'n,,n=,r=abc'));
  if (step.kind !== 'send') throw new Error(step.kind);
  return step.bytes.toString('latin1', 9);
}

async function saltOf(against: AuthRules, user: string): Promise<string | undefined> {
  return /s=([^,]+)/.exec(await challengeOf(against, user))?.[1];
}

function saslInitial(mechanism: string, response: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(Buffer.byteLength(response));
  return Buffer.concat([Buffer.from(`${mechanism}\0`), length, Buffer.from(response)]);
}

describe('method cert', () => {
  const name = 'localhost';
  const withCertificate = { isTls: true, clientCertificate: certificate.raw };
  const found = lookupOf({ [name]: 'x', joe: 'y' });
  const failed = refusal('certificate authentication failed');

  test('lets in the user of the common name', async () => {
    const against = await rules({ auth_type: 'cert' });
    const { asked, step } = await login(against, { ...withCertificate, user: name }, {}, found);
    expect(asked).toEqual([]);
    expect(done(step).credentials.user).toBe(name);
  });

  test.each<[string, Partial<LoginFacts>]>([
    ['another user', { ...withCertificate, user: 'joe' }],
    ['an unknown user', { ...withCertificate, user: 'x' }],
    ['no certificate', { isTls: true, user: name }],
    ['no TLS', { user: name }],
    ['a Unix socket', { user: name, address: unixAddress }],
    ['something that is no certificate', { isTls: true, clientCertificate: salt, user: name }],
  ])('refuses %s', async (_, differing) => {
    const { step } = await login(await rules({ auth_type: 'cert' }), differing, {}, found);
    expect(step).toMatchObject(failed);
  });

  test('goes by a map', async () => {
    const against = await hbaRules('hostssl all all all cert map=m', `m "${name}" joe`);
    expect((await login(against, { ...withCertificate, user: 'joe' }, {}, found)).step.kind).toBe(
      'done',
    );
    const { step } = await login(against, { ...withCertificate, user: name }, {}, found);
    expect(step).toMatchObject(failed);
  });
});

describe('method peer', () => {
  const rootClient = { address: unixAddress, peerUid: () => Promise.resolve(0) };
  const found = lookupOf({ root: '', joe: '' });
  const failed = refusal('unix socket login rejected');

  test('lets in the user of the same name', async () => {
    const against = await hbaRules('local all all peer');
    expect((await login(against, { ...rootClient, user: 'root' }, {}, found)).step.kind).toBe(
      'done',
    );
    expect((await login(against, { ...rootClient, user: 'joe' }, {}, found)).step).toMatchObject(
      failed,
    );
  });

  test('goes by a map', async () => {
    const against = await hbaRules('local all all peer map=m', 'm root joe');
    expect((await login(against, { ...rootClient, user: 'joe' }, {}, found)).step.kind).toBe(
      'done',
    );
    expect((await login(against, { ...rootClient, user: 'root' }, {}, found)).step).toMatchObject(
      failed,
    );
  });

  test.each<[string, Partial<LoginFacts>]>([
    ['whose uid cannot be found', { peerUid: () => Promise.resolve(null) }],
    ['whose uid raises an error', { peerUid: () => Promise.reject(new Error('no /proc')) }],
    ['whose uid has no name', { peerUid: () => Promise.resolve(4_000_000) }],
  ])('refuses a client %s', async (_, differing) => {
    const against = await hbaRules('local all all peer');
    const client = { ...rootClient, user: 'root', ...differing };
    expect((await login(against, client, {}, found)).step).toMatchObject(failed);
  });

  test('refuses TCP', async () => {
    const against = await hbaRules('host all all all peer');
    expect((await login(against, { user: 'root' }, {}, found)).step).toMatchObject(failed);
  });
});

describe('auth_type hba', () => {
  test('takes the method of the line', async () => {
    const against = await hbaRules(`
      host all plain 127.0.0.1/32 password
      host all scram 127.0.0.1/32 scram-sha-256
      host all md5   127.0.0.1/32 md5
      host all empty 127.0.0.1/32 trust
      host all no    127.0.0.1/32 reject`);
    expect((await login(against, { user: 'plain' })).asked).toEqual(['cleartextPassword']);
    expect((await login(against, { user: 'scram' })).asked).toEqual(byScram);
    expect((await login(against, { user: 'md5' })).asked).toEqual(['md5Password']);
    expect((await login(against, { user: 'empty' })).step.kind).toBe('done');
    const rejected = refusal('login rejected');
    expect((await login(against, { user: 'no' })).step).toMatchObject(rejected);
    const elsewhere = { user: 'empty', address: tcp('10.0.0.1') };
    expect((await login(against, elsewhere)).step).toMatchObject(rejected);
  });

  test('needs its file', async () => {
    await expect(rules({ auth_type: 'hba' })).rejects.toMatchObject({ code: 'POOL_AUTH_SETTING' });
    const missing = rules({ auth_type: 'hba', auth_hba_file: '/nowhere/hba' });
    await expect(missing).rejects.toMatchObject({ code: 'POOL_AUTH_FILE_UNREADABLE' });
  });
});

describe('the console', () => {
  const console = { database: 'pgbouncer', isAdmin: true };

  test('is for admin_users and stats_users', async () => {
    const against = await rules();
    const admin = await login(against, { ...console, user: 'plain' });
    expect(done(admin.step).consoleAccess).toBe('admin');
    const stats = await login(against, { ...console, user: 'scram' });
    expect(done(stats.step).consoleAccess).toBe('stats');
    expect(done((await login(against, { user: 'plain' })).step).consoleAccess).toBeNull();
  });

  test('is for nobody else, and says so only after the password', async () => {
    const against = await rules();
    const other = await login(against, { ...console, user: 'md5' });
    expect(other.asked).toEqual(['md5Password']);
    expect(other.step).toMatchObject(refusal('not allowed'));
    const wrong = await login(against, { ...console, user: 'md5' }, { password: 'Pencil' });
    expect(wrong.step).toMatchObject(refusal(passwordFailed));
  });

  test('is for everybody with auth_type any', async () => {
    const { step } = await login(await rules({ auth_type: 'any' }), { ...console, user: 'x' });
    expect(done(step).consoleAccess).toBe('admin');
  });

  const owner = {
    ...console,
    user: 'pgbouncer',
    address: unixAddress,
    peerUid: () => Promise.resolve(process.geteuid?.() ?? -1),
  };

  test("lets the process's own system user in without a password", async () => {
    for (const against of [await rules(), await hbaRules('local all all reject')]) {
      const { asked, step } = await login(against, owner);
      expect(asked).toEqual([]);
      expect(done(step).consoleAccess).toBe('admin');
    }
  });

  test.each<[string, Partial<LoginFacts>]>([
    ['another system user', { peerUid: () => Promise.resolve(65534) }],
    ['a system user that cannot be found out', { peerUid: () => Promise.resolve(null) }],
    ['TCP', { address: tcp('127.0.0.1') }],
    ['another database', { database: 'app', isAdmin: false }],
    ['another user', { user: 'nobody' }],
  ])('asks %s for a password', async (_, differing) => {
    const { asked, step } = await login(await rules(), { ...owner, ...differing });
    expect(asked).toEqual(['md5Password']);
    expect(step).toMatchObject(refusal(passwordFailed));
  });
});

describe('what clients may send', () => {
  test.each(['plain', 'md5', 'scram-sha-256'] as const)(
    '%s: any bytes are refused',
    async (type) => {
      const against = await rules({ auth_type: type, scram_iterations: 1 });
      const anyBytes = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
      const anyAnswer = fc.oneof(
        anyBytes,
        anyBytes.map((bytes) => Buffer.concat([bytes, Buffer.from([0])])),
        anyBytes.map((bytes) => saslInitial('SCRAM-SHA-256', bytes.toString('latin1'))),
      );
      await fc.assert(
        fc.asyncProperty(fc.constantFrom('plain', 'scram', 'x'), anyAnswer, async (user, body) => {
          const one = new ClientLogin(facts({ user }), against, lookup);
          await one.begin();
          expect((await one.answer(body)).kind).toBe('refuse');
        }),
      );
    },
  );

  test('an answer where nothing was asked is refused, and so is one after the end', async () => {
    const against = await rules({ auth_type: 'trust' });
    const one = new ClientLogin(facts({ user: 'plain' }), against, lookup);
    expect((await one.answer(Buffer.from('x\0'))).kind).toBe('refuse');
    await one.begin();
    expect((await one.answer(Buffer.from('x\0'))).kind).toBe('refuse');
    const other = new ClientLogin(
      facts({ user: 'plain' }),
      await rules({ auth_type: 'plain' }),
      lookup,
    );
    await other.begin();
    expect((await other.answer(Buffer.from('wrong\0'))).kind).toBe('refuse');
    expect((await other.answer(Buffer.from('pencil\0'))).kind).toBe('refuse');
  });

  test('a mechanism that was not offered has its own message', async () => {
    const one = new ClientLogin(facts({ user: 'scram' }), await rules(), lookup);
    await one.begin();
    expect(await one.answer(saslInitial('SCRAM-SHA-256-PLUS', 'x'))).toMatchObject(
      refusal('client selected an invalid SASL authentication mechanism'),
    );
  });

  test('lengths that lie are refused (CVE-2026-6664: SCRAM packet overflow)', async () => {
    for (const length of [-1, -2_147_483_648, 2_147_483_647, 11, 13]) {
      const one = new ClientLogin(facts({ user: 'scram' }), await rules(), lookup);
      await one.begin();
      const body = saslInitial('SCRAM-SHA-256', 'n,,n=,r=abc.');
      body.writeInt32BE(length, 'SCRAM-SHA-256\0'.length);
      expect(await one.answer(body)).toMatchObject(refusal(scramFailed));
    }
  });

  test('long nonces and attributes are refused (CVE-2026-6665: SCRAM stack overflow)', async () => {
    for (const first of [
      `n,,n=,r=${'a'.repeat(100_000)}`,
      `n,,n=${'a'.repeat(100_000)},r=abc`,
      `n,,n=,r=abc,x=${'a'.repeat(100_000)}`,
    ]) {
      const one = new ClientLogin(facts({ user: 'scram' }), await rules(), lookup);
      await one.begin();
      expect(await one.answer(saslInitial('SCRAM-SHA-256', first))).toMatchObject(
        refusal(scramFailed),
      );
    }
    for (const final of [
      `c=${'a'.repeat(100_000)},r=abc,p=x`,
      `c=biws,r=${'a'.repeat(100_000)},p=x`,
    ]) {
      const one = new ClientLogin(facts({ user: 'scram' }), await rules(), lookup);
      await one.begin();
      await one.answer(saslInitial('SCRAM-SHA-256', 'n,,n=,r=abc'));
      expect(await one.answer(Buffer.from(final))).toMatchObject(refusal(scramFailed));
    }
  });

  test.each([65_535, 1_000_000])(
    'a password of %i bytes is right or wrong like any other',
    async (n) => {
      const password = 'x'.repeat(n);
      const hash = createHash('md5').update(`${password}long`).digest('hex');
      for (const stored of [password, `md5${hash}`]) {
        const found = lookupOf({ long: stored });
        const against = await rules({ auth_type: 'plain' });
        const right = await login(against, { user: 'long' }, { password }, found);
        expect(done(right.step).credentials.password?.reveal()).toHaveLength(n);
        const wrong = await login(against, { user: 'long' }, { password: `${password}x` }, found);
        expect(wrong.step).toMatchObject(refusal(passwordFailed));
      }
    },
  );

  test('an empty password is never right', async () => {
    const keys = await deriveScramKeys('', salt, 1);
    const found = lookupOf({
      a: md5Secret('a', ''),
      b: formatScramSecret(scramSecretOf(keys, salt, 1)),
    });
    for (const user of ['a', 'b']) {
      const one = new ClientLogin(facts({ user }), await rules({ auth_type: 'plain' }), found);
      await one.begin();
      expect(await one.answer(Buffer.from('\0'))).toMatchObject(refusal(passwordFailed));
    }
  });

  test('nothing secret comes into a step', async () => {
    const { step } = await login(await rules(), { user: 'plain' });
    expect(JSON.stringify(step)).not.toContain('pencil');
    const { step: refused } = await login(await rules(), { user: 'plain' }, { password: 'Pencil' });
    expect(JSON.stringify(refused)).not.toContain('encil');
  });
});
