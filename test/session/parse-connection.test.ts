import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import {
  createPgClient,
  describeConnection,
  parseConnection,
  Session,
} from '../../src/session/index.ts';
import { findPassword } from '../../src/session/target/index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-strings-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bare = { HOME: '/nowhere' };
const parse = (text: string, env: Record<string, string> = {}) =>
  parseConnection(text, { ...bare, ...env });

function hostsOf(text: string): string[] {
  return parse(text).hosts.map(({ host, port }) => `${host} ${port}`);
}

describe('a URI', () => {
  test('gives every part, percent escapes undone', () => {
    const target = parse('postgresql://a%40b:p%3Aw@db.example:5433/my%20db?application_name=x%26y');
    expect(target).toMatchObject({
      hosts: [{ host: 'db.example', hostaddr: null, port: 5433 }],
      user: 'a@b',
      database: 'my db',
      applicationName: 'x&y',
    });
    expect(target.password?.reveal()).toBe('p:w');
  });

  test('may name several hosts, IPv6 addresses and Unix sockets', () => {
    expect(hostsOf('postgres://db1,db2:6000,[::1]:7000/x')).toEqual([
      'db1 5432',
      'db2 6000',
      '::1 7000',
    ]);
    expect(hostsOf('postgres://%2Ftmp%2Fpg/x')).toEqual(['/tmp/pg 5432']);
    expect(hostsOf('postgres:///x?host=/tmp&port=6000')).toEqual(['/tmp 6000']);
    expect(hostsOf('postgres://u@/x?host=a,b&port=6000')).toEqual(['a 6000', 'b 6000']);
  });

  test('keeps + as it is and takes ssl=true for sslmode=require', () => {
    const target = parse('postgres://u:a+b@h/d?ssl=true');
    expect(target.password?.reveal()).toBe('a+b');
    expect(target.tls.mode).toBe('require');
  });

  test.each([
    'postgres://h/%zz',
    'postgres://h/a%00b',
    'postgres://[::1/x',
    'postgres://h:1:2/x',
    'postgres://h/x?user',
    'postgres://h/x?user=a=b',
  ])('is refused when malformed: %s', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'SESSION_STRING' }));
  });
});

describe('keyword=value', () => {
  test('takes blanks, quotes and backslashes', () => {
    const target = parse(String.raw` host = h  dbname='my \'db\' \\' user=a\ b password=''`);
    expect(target).toMatchObject({
      database: String.raw`my 'db' \ `.trim(),
      user: 'a b',
      password: null,
    });
  });

  test.each(["host='a", 'host', 'host=a b', "host='a'b", '=x'])(
    'is refused when malformed: %s',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'SESSION_STRING' }));
    },
  );

  test('quotes any value so that it comes back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        const quoted = value.replaceAll(/['\\]/g, String.raw`\$&`);
        expect(parse(`host=h user='${quoted}'`).user).toBe(value);
      }),
    );
  });
});

describe('what a string leaves out', () => {
  test('comes from the environment, then from defaults', () => {
    const env = { PGHOST: 'h', PGPORT: '6000', PGUSER: 'u', PGPASSWORD: 's', PGSSLMODE: 'require' };
    expect(parse('dbname=d', env)).toMatchObject({
      hosts: [{ host: 'h', port: 6000 }],
      user: 'u',
      database: 'd',
      tls: { mode: 'require' },
    });
    expect(parse('host=h')).toMatchObject({
      user: userInfo().username,
      database: userInfo().username,
      connectTimeoutMs: 30_000,
      keepalive: { idleMs: 30_000, intervalMs: 0, count: 0 },
      channelBinding: 'prefer',
      tls: { mode: 'prefer', negotiation: 'postgres', minVersion: 'TLSv1.2' },
    });
    expect(parse('user=u host=h').database).toBe('u');
  });

  test('does not let PGHOSTADDR lead a named host elsewhere', () => {
    expect(parse('host=h', { PGHOSTADDR: '10.0.0.1' }).hosts[0]?.hostaddr).toBeNull();
  });

  test('comes from the service first', async () => {
    const file = join(folder, 'services.conf');
    await writeFile(
      file,
      '# ours\n[other]\nhost=no\n\n[shop]\nhost=db1\nport=6000\nuser=svc\n[last]\nhost=no\n',
    );
    const env = { PGSERVICEFILE: file, PGUSER: 'env', PGSSLMODE: 'disable' };
    expect(parse('service=shop port=7000', env)).toMatchObject({
      hosts: [{ host: 'db1', port: 7000 }],
      user: 'svc',
      tls: { mode: 'disable' },
    });
    expect(parse('', { ...env, PGSERVICE: 'shop' }).hosts[0]?.host).toBe('db1');
    expect(() => parse('service=none', env)).toThrow(
      expect.objectContaining({ code: 'SESSION_SERVICE_MISSING' }),
    );
    await writeFile(file, '[shop]\nhosst=db1\n');
    expect(() => parse('service=shop', env)).toThrow(`${file}:2 holds the unknown keyword "hosst"`);
  });
});

describe('the password file', () => {
  const place = { host: 'h', port: 5432, database: 'd', user: 'u' };
  const lookUp = async (text: string, mode = 0o600) => {
    const path = join(folder, `pass-${Math.random()}`);
    await writeFile(path, text, { mode });
    return findPassword(path, place);
  };

  test('gives the first line that matches', async () => {
    expect(await lookUp('x:*:*:*:no\n# h:*:*:*:no\nh:5432:*:u:yes\n*:*:*:*:late')).toEqual({
      password: 'yes',
    });
    expect(await lookUp(String.raw`*:*:*:*:a\:b\\c:d` + '\r\n')).toEqual({
      password: String.raw`a:b\c:d`,
    });
    expect(await lookUp(String.raw`\*:*:*:*:no`)).toHaveProperty('missing');
  });

  test('is not used when others can read it', async () => {
    expect(await lookUp('*:*:*:*:no', 0o644)).toEqual({
      missing: expect.stringContaining('chmod 600'),
    });
  });
});

describe('hosts', () => {
  test.each([
    'host=a,b hostaddr=1.1.1.1',
    'host=a,b port=1,2,3',
    'port=0',
    'port=x',
    'hostaddr=name',
  ])('are refused when they do not fit: %s', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'SESSION_VALUE' }));
  });
});

describe('what is wrong says where it stands', () => {
  const origin = 'databases.shop in sluice.toml';
  test.each([
    ['host=h word', `${origin}, word 2: expected`],
    ['postgres://h/a%zz', `${origin}, dbname: expected`],
    ['hots=h', `${origin} holds the unknown keyword "hots"`],
    ['sslmode=x', `${origin}, keyword sslmode: expected disable`],
    ['port=x', `${origin}, keyword port: expected`],
    ['sslrootcert=system sslmode=prefer', `${origin}, keyword sslmode: expected verify-full`],
    ['requirepeer=x', `${origin} asks for requirepeer`],
    ['service=none', `${origin} names the service none, which is not in /nowhere`],
  ])('a string: %s', (text, said) => {
    expect(() => parseConnection(text, bare, origin)).toThrow(said);
  });

  test('a variable', () => {
    expect(() => parse('host=h', { PGSSLMODE: 'x' })).toThrow(
      'the variable PGSSLMODE, keyword sslmode: expected disable',
    );
    expect(() => parse('host=h', { PGSERVICE: 'none' })).toThrow(
      'the variable PGSERVICE names the service none',
    );
  });

  test('a line of the service file', async () => {
    const file = join(folder, 'wrong.conf');
    await writeFile(file, '[shop]\nhost=h\nsslmode=x\n');
    expect(() => parse('service=shop', { PGSERVICEFILE: file })).toThrow(
      `${file}:3, keyword sslmode: expected disable`,
    );
  });

  test('a side, when a program gives the string', async () => {
    const said = 'the connection string of the target, word 1: expected';
    await expect(Session.connect('word', { side: 'target' })).rejects.toThrow(said);
    expect(() => createPgClient('word', { side: 'target' })).toThrow(said);
    expect(() => createPgClient('word')).toThrow('the connection string, word 1: expected');
  });
});

describe('values', () => {
  test.each([
    'sslmode=x',
    'sslmode=prefer sslrootcert=system',
    'sslmode=prefer sslnegotiation=direct',
    'require_auth=magic',
    'require_auth=md5,!none',
    'min_protocol_version=3.2 max_protocol_version=3.0',
    'ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2',
    'connect_timeout=soon',
    'target_session_attrs=best',
  ])('are refused when they make no sense: %s', (text) => {
    expect(() => parse(`host=h ${text}`)).toThrow(
      expect.objectContaining({ code: 'SESSION_VALUE' }),
    );
  });

  test.each([
    ['requirepeer=postgres', 'requirepeer', 'sslmode=verify-full'],
    ['gssencmode=require', 'gssencmode=require', 'sslmode=verify-full'],
    ['require_auth=gss,sspi', 'require_auth=gss,sspi', 'scram-sha-256'],
    ['require_auth=oauth', 'require_auth=oauth', 'scram-sha-256'],
    ['require_auth=!password,!md5,!scram-sha-256,!none', 'require_auth=!password', 'scram-sha-256'],
    ['oauth_issuer=https://id', 'oauth_issuer', 'scram-sha-256'],
    ['scram_client_key=a', 'scram_client_key', 'the password'],
    ['sslkeylogfile=/tmp/k', 'sslkeylogfile', 'take it out'],
  ])('that ask for what we cannot give are refused, with what to do: %s', (text, what, instead) => {
    expect(() => parse(`host=h ${text}`)).toThrow(
      expect.objectContaining({
        code: 'SESSION_UNSUPPORTED',
        message: expect.stringContaining(`the connection string asks for ${what}`),
        remedy: expect.stringContaining(instead),
      }),
    );
  });

  test('that only allow ways to log in that we do not speak among others are fine', () => {
    expect(parse('host=h require_auth=gss,scram-sha-256').requireAuth?.allowed).toEqual(
      new Set(['gss', 'scram-sha-256']),
    );
  });

  test('without effect are named', () => {
    expect(parse('host=h tcp_user_timeout=3 client_encoding=latin1').withoutEffect).toEqual([
      'client_encoding',
      'tcp_user_timeout',
    ]);
  });

  test('of keepalives are the system’s where they are not given', () => {
    expect(parse('host=h keepalives_interval=5 keepalives_count=3').keepalive).toEqual({
      idleMs: 30_000,
      intervalMs: 5_000,
      count: 3,
    });
    expect(parse('host=h keepalives=0').keepalive).toBeNull();
  });

  test('sslrootcert=system means verify-full', () => {
    expect(parse('host=h sslrootcert=system').tls.mode).toBe('verify-full');
  });

  test('require_auth may list what is not allowed', () => {
    const allowed = parse('host=h require_auth=!password,!md5').requireAuth?.allowed ?? new Set();
    expect([...allowed]).toEqual(['gss', 'sspi', 'scram-sha-256', 'oauth', 'none']);
  });
});

describe('secrets', () => {
  test('show as *** everywhere', () => {
    const target = parse('postgres://u:hunter2@h/d?sslpassword=hunter2');
    const shown = [
      describeConnection(target),
      inspect(target, { depth: 9 }),
      JSON.stringify(target),
    ];
    expect(shown.join()).not.toContain('hunter2');
    expect(shown[0]).toBe('postgres://u:***@h:5432/d');
  });
});

test('any text is a target or a typed error', () => {
  const piece = fc.constantFrom(
    'postgres://',
    'host',
    '=',
    '@',
    ':',
    '/',
    '?',
    '%',
    "'",
    '\\',
    ' ',
    ',',
    '[',
    ']',
    'a',
    '1',
    '&',
    '\n',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (input) => {
      try {
        parse(input);
      } catch (error) {
        expect(isSluiceError(error), String(error)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});
