import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Surroundings } from '../../../src/pool/auth/hba-address.ts';
import { loadHba, type HbaRules, type LoginFacts } from '../../../src/pool/auth/index.ts';
import { temporaryFolder } from '../../kit/index.ts';
import { facts, tcp, unixAddress } from './facts.ts';

const surroundings: Surroundings = {
  addressesOf: (name) =>
    Promise.resolve(
      { 'db.example.com': ['192.0.2.1', '2001:db8::1'], 'evil.example.com': ['203.0.113.9'] }[
        name
      ] ?? [],
    ),
  namesOf: (ip) =>
    Promise.resolve(
      { '192.0.2.1': ['DB.example.com'], '198.51.100.7': ['evil.example.com'] }[ip] ?? [],
    ),
  ownNetworks: () => ['10.1.2.3/16', '::1/128'],
};

async function rulesOf(hba: string, files: Record<string, string> = {}): Promise<HbaRules> {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries({ 'pg_hba.conf': hba, ...files })) {
    writeFileSync(join(folder, name), text);
  }
  const ident = 'pg_ident.conf' in files ? join(folder, 'pg_ident.conf') : '';
  return loadHba(join(folder, 'pg_hba.conf'), ident, surroundings);
}

/** The method a client gets; null: no line fits. */
async function methodFor(hba: string, differing: Partial<LoginFacts> = {}): Promise<string | null> {
  const match = await (await rulesOf(hba)).match(facts(differing));
  return match?.method ?? null;
}

describe('an HBA file', () => {
  test('decides by its first line that fits', async () => {
    const hba = `
      # TYPE  DATABASE  USER  ADDRESS       METHOD
      host    app       joe   127.0.0.1/32  md5     # a comment
      host    app       all   127.0.0.1/32  reject
      host    all       all   0.0.0.0/0     scram-sha-256`;
    const rules = await rulesOf(hba);
    expect(rules.size).toBe(3);
    const match = await rules.match(facts());
    expect(match).toMatchObject({ method: 'md5', map: null });
    expect(match?.place).toMatch(/pg_hba\.conf:3$/);
    expect(await methodFor(hba, { user: 'jim' })).toBe('reject');
    expect(await methodFor(hba, { database: 'other' })).toBe('scram-sha-256');
    expect(await methodFor(hba, { address: unixAddress })).toBeNull();
  });

  test.each(['trust', 'reject', 'md5', 'scram-sha-256', 'cert', 'peer', 'plain'])(
    'knows method %s',
    async (method) => {
      expect(await methodFor(`host all all all ${method}`)).toBe(method);
    },
  );

  test('takes password for plain', async () => {
    expect(await methodFor('host all all all password')).toBe('plain');
  });

  test('tells connections apart', async () => {
    const hba = `
      local all all trust
      hostssl all all all cert
      hostnossl all all all reject`;
    expect(await methodFor(hba, { address: unixAddress })).toBe('trust');
    expect(await methodFor(hba, { isTls: true })).toBe('cert');
    expect(await methodFor(hba)).toBe('reject');
  });

  test.each<[string, Partial<LoginFacts>, boolean]>([
    ['all', {}, true],
    ['app', {}, true],
    ['App', {}, false],
    ['other,app', {}, true],
    ['other, app', {}, true],
    ['other', {}, false],
    ['sameuser', {}, false],
    ['sameuser', { user: 'app' }, true],
    ['"all"', {}, false],
    ['"all"', { database: 'all' }, true],
    ['"sameuser"', { user: 'app' }, false],
    ['"a b"', { database: 'a b' }, true],
    ['"a""b"', { database: 'a"b' }, true],
    ['/^a.p$', {}, true],
    ['/^b', {}, false],
    ['"/^a.p$"', {}, false],
    ['replication', {}, false],
    ['replication', { isReplication: true }, true],
    ['"replication"', { database: 'replication' }, true],
    ['all', { isReplication: true }, false],
    ['app', { isReplication: true }, false],
  ])('database %s, client %j: %s', async (database, differing, fits) => {
    expect(await methodFor(`host ${database} all all trust`, differing)).toBe(
      fits ? 'trust' : null,
    );
  });

  test.each([
    ['all', true],
    ['joe', true],
    ['jim,joe', true],
    ['JOE', false],
    ['"all"', false],
    ['/^j', true],
    ['/^x', false],
  ])('user %s: %s', async (user, fits) => {
    expect(await methodFor(`host all ${user} all trust`)).toBe(fits ? 'trust' : null);
  });

  test.each([
    ['all', '203.0.113.5', true],
    ['0.0.0.0/0', '203.0.113.5', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '203.0.113.5', false],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['10.9.9.9/8', '10.0.0.1', true],
    ['10.0.0.0 255.0.0.0', '10.1.1.1', true],
    ['10.0.0.0 255.255.0.0', '10.1.1.1', false],
    ['10.0.0.1 255.255.255.255', '10.0.0.1', true],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:db8:: ffff:ffff::', '2001:db8:1::1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['samehost', '10.1.2.3', true],
    ['samehost', '10.1.2.4', false],
    ['samenet', '10.1.9.9', true],
    ['samenet', '10.2.0.1', false],
    ['db.example.com', '192.0.2.1', true],
    ['DB.Example.com', '2001:db8::1', true],
    ['db.example.com', '192.0.2.2', false],
    ['.example.com', '192.0.2.1', true],
    ['.example.com', '192.0.2.2', false],
    ['.example.com', '198.51.100.7', false], // its reverse name does not lead back
  ])('address %s, client %s: %s', async (address, ip, fits) => {
    const method = await methodFor(`host all all ${address} trust`, { address: tcp(ip) });
    expect(method).toBe(fits ? 'trust' : null);
  });

  test('goes on in the next line after a backslash', async () => {
    expect(await methodFor('host all \\\n joe all \\\n trust\nlocal all all md5')).toBe('trust');
  });

  test('takes names from other files', async () => {
    const rules = await rulesOf('host @dbs jim,@users all trust', {
      dbs: 'x\napp # ours\n',
      users: 'jane,\n"joe"',
    });
    expect(await rules.match(facts())).toMatchObject({ method: 'trust' });
    expect(await rules.match(facts({ user: 'jim' }))).toMatchObject({ method: 'trust' });
    expect(await rules.match(facts({ user: 'jan' }))).toBeNull();
  });

  test('takes maps for cert and peer', async () => {
    const rules = await rulesOf('local all all peer map="my map"', {
      'pg_ident.conf': '"my map" root joe',
    });
    const match = await rules.match(facts({ address: unixAddress }));
    expect(match).toMatchObject({ method: 'peer', map: 'my map' });
    expect(rules.ident.allows('my map', 'root', 'joe')).toBe(true);
  });

  test.each([
    ['foo all all all trust', 'unknown connection type foo'],
    ['hostgssenc all all all trust', 'unknown connection type hostgssenc'],
    ['include other.conf', 'unknown connection type include'],
    ['host', 'the database or the user is missing'],
    ['host all', 'the database or the user is missing'],
    ['host all all', 'the address is missing'],
    ['local all all', 'the method is missing'],
    ['host all all all', 'the method is missing'],
    ['host all all all ldap', 'method ldap is not supported'],
    ['host all all all any', 'method any is not supported'],
    ['host all all all Trust', 'method Trust is not supported'],
    ['host samerole all all trust', 'samerole needs roles'],
    ['host samegroup all all trust', 'samegroup needs roles'],
    ['host all +admins all trust', '+admins needs roles'],
    ['host all /( all trust', '/( is no regular expression'],
    ['host all all 10.0.0.0/33 trust', '10.0.0.0/33 is no network'],
    ['host all all 10.0.0/8 trust', '10.0.0/8 is no network'],
    ['host all all 10.0.0.1 trust', 'trust is no mask for 10.0.0.1'],
    ['host all all 10.0.0.0 255.0.255.0 trust', '255.0.255.0 is no mask'],
    ['host all all 10.0.0.0 ffff:: trust', 'ffff:: is no mask'],
    ['host all all 10.0.0 trust', '10.0.0 is no address'],
    ['host all all a_b!c trust', 'a_b!c is no address'],
    ['host all all all,10.0.0.0/8 trust', 'one address a line'],
    ['host all all all cert map=nomap', 'no map nomap in auth_ident_file, which is not set'],
    ['host all all all md5 map=x', 'map is for cert and peer, not for md5'],
    [
      'host all all all trust clientcert=verify-full',
      'option clientcert=verify-full is not supported',
    ],
    ['host all "all all trust', 'a quote is not closed'],
    ['host all @nowhere all trust', 'nowhere cannot be read'],
  ])('refuses %s', async (line, problem) => {
    const error: unknown = await rulesOf(`local all all trust\n${line}`).catch((error) => error);
    expect(error).toMatchObject({ code: 'POOL_AUTH_FILE' });
    expect(String(error)).toContain(`pg_hba.conf:2: `);
    expect(String(error)).toContain(problem);
  });

  test('tells all its problems at once', async () => {
    const error: unknown = await rulesOf('a\nlocal all all trust\nb').catch((error) => error);
    expect(String(error)).toMatch(/pg_hba\.conf:1: .*\n.*pg_hba\.conf:3: /);
  });
});
