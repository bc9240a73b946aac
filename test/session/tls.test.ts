import { createPrivateKey } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSluiceError, ServerError } from '../../src/errors/index.ts';
import { createPgClient, parseConnection, Session } from '../../src/session/index.ts';
import { majors, postgres, startProxy, waitFor } from '../kit/index.ts';
import { createAuthority } from './certificates.ts';
import { writeServerFiles } from './server-files.ts';

const password = 'secret';
const trusted = createAuthority('trusted authority');
const stranger = createAuthority('some other authority');

/** Certificates of the server, by what they are good for. */
const serverCertificates = {
  local: trusted.issue('local', ['localhost', '127.0.0.1']),
  elsewhere: trusted.issue('localhost', ['db.example']),
  commonName: trusted.issue('localhost'),
  wildcard: trusted.issue('db', ['*.example', 'local*']),
};
const client = trusted.issue('with_certificate');

const hba = `
local all all trust
host all postgres 127.0.0.1/32 trust
hostssl all only_tls 127.0.0.1/32 scram-sha-256
hostnossl all only_clear 127.0.0.1/32 trust
hostssl all with_certificate 127.0.0.1/32 cert
host all scram 127.0.0.1/32 scram-sha-256
host all md5 127.0.0.1/32 md5
host all cleartext 127.0.0.1/32 password
`;

/** What lies between them does the same. */
const outerMajors = majors.filter(
  (major) => major === Math.min(...majors) || major === Math.max(...majors),
);

let folder = '';
const at = (name: string): string => join(folder, name);
const root = (): string => `sslrootcert=${at('root.crt')}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tls-'));
  await mkdir(at('.postgresql'));
  const files: Record<string, string> = {
    'root.crt': trusted.pem,
    'stranger.crt': stranger.pem,
    'client.crt': client.pem,
    'client.key': client.keyPem,
    'open.key': client.keyPem,
    'locked.key': lock(client.keyPem, 'passphrase'),
    'revoked.crl': trusted.revoke('local'),
    'good.crl': trusted.revoke('with_certificate'),
    'no.crt': 'not a certificate',
  };
  for (const [name, text] of Object.entries(files))
    await writeFile(at(name), text, { mode: 0o600 });
  await chmod(at('open.key'), 0o644);
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(outerMajors)('encryption with PostgreSQL %i', (major) => {
  const server = postgres(major);

  beforeAll(async () => {
    await server.query(`
      SET password_encryption = 'scram-sha-256';
      CREATE ROLE only_tls LOGIN PASSWORD '${password}'; CREATE ROLE scram LOGIN PASSWORD '${password}';
      CREATE ROLE cleartext LOGIN PASSWORD '${password}'; CREATE ROLE only_clear LOGIN;
      CREATE ROLE with_certificate LOGIN;
      SET password_encryption = 'md5'; CREATE ROLE md5 LOGIN PASSWORD '${password}'`);
    await writeServerFiles(server, { 'pg_hba.conf': hba, 'root.crt': trusted.pem });
    await server.query(`ALTER SYSTEM SET ssl_ca_file = 'root.crt'`);
    await serve('local');
  });

  async function serve(name: keyof typeof serverCertificates | null): Promise<void> {
    if (name !== null) {
      const { pem, keyPem } = serverCertificates[name];
      await writeServerFiles(server, { 'server.crt': pem, 'server.key': keyPem });
    }
    await server.query(`ALTER SYSTEM SET ssl = ${name === null ? 'off' : 'on'}`);
    const before = await loadedAt();
    await server.query('SELECT pg_reload_conf()');
    await waitFor('the configuration to be loaded', async () => (await loadedAt()) !== before);
  }

  /** As the postmaster knows it, from which new backends are made. */
  async function loadedAt(): Promise<string> {
    const [row] = await server.query('SELECT pg_conf_load_time()::text AS at');
    return String(row?.['at']);
  }

  /** How a session came about: `tls`, `clear`, or the code of the error. */
  async function attempt(keywords: string, user = 'postgres'): Promise<string> {
    const text = `hostaddr=127.0.0.1 port=${server.port} user=${user} dbname=postgres password=${password}`;
    const target = parseConnection(`host=localhost ${text} ${keywords}`, { HOME: folder });
    try {
      await using session = await Session.connect(target, { purpose: 'test' });
      const { rows } = await session.query(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      return rows[0]?.['ssl'] === 't' ? 'tls' : 'clear';
    } catch (error) {
      if (error instanceof ServerError) return error.sqlstate;
      return isSluiceError(error) ? error.code : String(error);
    }
  }

  test('follows sslmode where the server has TLS', async () => {
    expect(await attempt('sslmode=disable')).toBe('clear');
    expect(await attempt('sslmode=allow')).toBe('clear');
    expect(await attempt('sslmode=prefer')).toBe('tls');
    expect(await attempt('sslmode=require')).toBe('tls');
    expect(await attempt(`sslmode=verify-ca ${root()}`)).toBe('tls');
    expect(await attempt(`sslmode=verify-full ${root()}`)).toBe('tls');
  });

  test('tries the other way where the rules of the server ask for it', async () => {
    expect(await attempt('sslmode=allow', 'only_tls')).toBe('tls');
    expect(await attempt('sslmode=disable', 'only_tls')).toBe('28000');
    expect(await attempt('sslmode=prefer', 'only_clear')).toBe('clear');
    expect(await attempt('sslmode=require', 'only_clear')).toBe('28000');
  });

  test('trusts only whom it is told to', async () => {
    expect(await attempt('sslmode=verify-ca')).toBe('SESSION_ROOT_MISSING');
    expect(await attempt(`sslmode=verify-ca sslrootcert=${at('none.crt')}`)).toBe('SESSION_FILE');
    expect(await attempt(`sslmode=verify-ca sslrootcert=${at('stranger.crt')}`)).toBe(
      'SESSION_TLS',
    );
    expect(await attempt(`sslmode=require sslrootcert=${at('stranger.crt')}`)).toBe('SESSION_TLS');
    expect(await attempt('sslrootcert=system')).toBe('SESSION_TLS');
    await writeFile(at('.postgresql/root.crt'), stranger.pem);
    expect(await attempt('sslmode=require')).toBe('SESSION_TLS');
    await rm(at('.postgresql/root.crt'));
  });

  test('refuses a certificate on the revocation list', async () => {
    expect(await attempt(`sslmode=verify-ca ${root()} sslcrl=${at('good.crl')}`)).toBe('tls');
    expect(await attempt(`sslmode=verify-ca ${root()} sslcrl=${at('revoked.crl')}`)).toBe(
      'SESSION_TLS',
    );
  });

  test('binds SCRAM to the channel, and insists on it when told to', async () => {
    expect(await attempt('sslmode=require channel_binding=require', 'scram')).toBe('tls');
    expect(await attempt('sslmode=require channel_binding=disable', 'scram')).toBe('tls');
    for (const [mode, user] of [
      ['disable', 'scram'],
      ['require', 'md5'],
      ['require', 'cleartext'],
      ['require', 'postgres'],
    ]) {
      expect(await attempt(`sslmode=${mode} channel_binding=require`, user)).toBe(
        'AUTH_CHANNEL_BINDING',
      );
    }
  });

  test('shows a client certificate whose key nobody else can read', async () => {
    const cert = `sslmode=require sslcert=${at('client.crt')}`;
    expect(await attempt(`${cert} sslkey=${at('client.key')}`, 'with_certificate')).toBe('tls');
    expect(await attempt(`${cert} sslkey=${at('open.key')}`, 'with_certificate')).toBe(
      'SESSION_KEY_OPEN',
    );
    const locked = `${cert} sslkey=${at('locked.key')}`;
    expect(await attempt(`${locked} sslpassword=passphrase`, 'with_certificate')).toBe('tls');
    expect(await attempt(`${locked} sslpassword=wrong`, 'with_certificate')).toBe('SESSION_TLS');
    expect(await attempt('sslmode=require', 'with_certificate')).toBe('28000');
    expect(
      await attempt(`${cert} sslkey=${at('client.key')} sslcertmode=disable`, 'with_certificate'),
    ).toBe('28000');
    expect(await attempt('sslmode=require sslcertmode=require')).toBe('SESSION_FILE');
    const broken = `sslmode=require sslcert=${at('no.crt')} sslkey=${at('client.key')}`;
    expect(await attempt(broken)).toBe('SESSION_TLS');
  });

  test('begins with TLS at once when told to, where the server can', async () => {
    const direct = `sslmode=verify-full ${root()} sslnegotiation=direct`;
    expect(await attempt(direct)).toBe(major >= 17 ? 'tls' : 'SESSION_TLS');
  });

  test('verify-full wants the very host', async () => {
    const full = `sslmode=verify-full ${root()}`;
    expect(await attempt(`host=127.0.0.1 ${full}`)).toBe('tls');
    expect(await attempt(`host='' ${full}`)).toBe('SESSION_IDENTITY');
    await serve('elsewhere');
    expect(await attempt(full)).toBe('SESSION_IDENTITY');
    expect(await attempt(`host=127.0.0.1 ${full}`)).toBe('SESSION_IDENTITY');
    expect(await attempt(`host=db.example ${full}`)).toBe('tls');
    expect(await attempt(`sslmode=verify-ca ${root()}`)).toBe('tls');
    await serve('commonName');
    expect(await attempt(full)).toBe('tls');
    expect(await attempt(`host=127.0.0.1 ${full}`)).toBe('SESSION_IDENTITY');
    await serve('wildcard');
    expect(await attempt(`host=a.example ${full}`)).toBe('tls');
    expect(await attempt(`host=a.b.example ${full}`)).toBe('SESSION_IDENTITY');
    expect(await attempt(full)).toBe('SESSION_IDENTITY');
    await serve('local');
  });

  test('accepts only the ways of logging in that require_auth lists', async () => {
    expect(await attempt('require_auth=scram-sha-256', 'scram')).toBe('tls');
    expect(await attempt('require_auth=scram-sha-256', 'cleartext')).toBe('AUTH_METHOD_REFUSED');
    expect(await attempt('require_auth=!none')).toBe('AUTH_METHOD_REFUSED');
    for (const user of ['scram', 'md5', 'cleartext']) expect(await attempt('', user)).toBe('tls');
    expect(await attempt('password=wrong', 'scram')).toBe('28P01');
  });

  test('says where a missing password was looked for', async () => {
    const passfile = at(`pass-${major}`);
    const text = `host=localhost hostaddr=127.0.0.1 port=${server.port} user=scram dbname=postgres passfile=${passfile}`;
    const connect = (): Promise<Session> =>
      Session.connect(parseConnection(text, { HOME: folder }));
    await expect(connect()).rejects.toMatchObject({
      code: 'SESSION_PASSWORD_MISSING',
      message: expect.stringContaining(passfile),
    });
    await writeFile(passfile, `localhost:*:postgres:scram:${password}\n`, { mode: 0o600 });
    await (await connect()).close();
  });

  test('cancels over TLS', async () => {
    const proxy = await startProxy({ port: server.port });
    const url = `${proxy.url(server.url())}?sslmode=require`;
    await using session = await Session.connect(url, { purpose: 'test' });
    const before = proxy.toServer.bytes;
    await session.cancel();
    // In clear it is 16 bytes; a handshake takes hundreds.
    expect(proxy.toServer.bytes - before).toBeGreaterThan(200);
    const progress = { isOver: false };
    const slept = expect(session.query('SELECT pg_sleep(60)'))
      .rejects.toMatchObject({ sqlstate: '57014' })
      .finally(() => (progress.isOver = true));
    // The first may come before the server has read the query.
    while (!progress.isOver) await session.cancel();
    await slept;
  });

  test('is the same for pg clients', async () => {
    const keywords = `sslmode=verify-full ${root()} channel_binding=require password=${password}`;
    const text = `host=localhost hostaddr=127.0.0.1 port=${server.port} user=scram dbname=postgres ${keywords}`;
    const pg = createPgClient(text, { purpose: 'test' });
    await pg.connect();
    const { rows } = await pg.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
    await pg.end();
  });

  test('follows sslmode where the server has no TLS', async () => {
    await serve(null);
    expect(await attempt('sslmode=prefer')).toBe('clear');
    expect(await attempt('sslmode=require')).toBe('SESSION_TLS');
    expect(await attempt(`sslmode=verify-full ${root()}`)).toBe('SESSION_TLS');
  });
});

/** The key, readable with a passphrase only. */
function lock(keyPem: string, passphrase: string): string {
  const key = createPrivateKey(keyPem);
  return key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();
}
