import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  AuthQuery,
  defaultAuthQuery,
  loadAuthRules,
  serverSecretOf,
  type AuthRules,
  type UserLookup,
} from '../../../src/pool/auth/index.ts';
import { md5Secret } from '../../../src/wire/index.ts';
import { majors, postgres } from '../../kit/index.ts';
import { RawConnection } from '../../wire/raw-connection.ts';
import { selfSigned } from '../../wire/self-signed.ts';
import { lookupOf } from './facts.ts';
import { LoginListener } from './login-listener.ts';

const password = 'pa ss\u00a0w\u00f6rd \u2168'; // SASLprep changes it
const tls = selfSigned('rsa-sha256');

async function rules(auth_type: AuthRules['authType']): Promise<AuthRules> {
  return loadAuthRules({
    auth_type,
    auth_hba_file: '',
    auth_ident_file: '',
    admin_users: [],
    stats_users: [],
    scram_iterations: 4096,
  });
}

interface ClientOptions {
  readonly user: string;
  readonly password?: string;
  readonly isTls?: boolean;
}

async function logInWithPg(port: number, options: ClientOptions): Promise<void> {
  const { user, isTls = false } = options;
  const client = new Client({
    host: '127.0.0.1',
    port,
    user,
    database: 'app',
    password: options.password ?? password,
    // The test certificate signs itself; who we are does not matter here.
    ssl: isTls ? { rejectUnauthorized: false } : false,
    enableChannelBinding: isTls,
  });
  const ended = once(client, 'end');
  await client.connect();
  await client.query('SELECT 1');
  await client.end();
  await ended;
}

const runFile = promisify(execFile);
const hasPsql = isInstalled('psql');

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version']);
    return true;
  } catch {
    return false;
  }
}

async function logInWithPsql(port: number, options: ClientOptions, more = ''): Promise<void> {
  const conninfo = `host=127.0.0.1 port=${port} user=${options.user} dbname=app ${more}`;
  const env = { ...process.env, PGPASSWORD: options.password ?? password };
  await runFile('psql', ['-X', '-c', 'SELECT 1', conninfo], { env });
}

describe.each(majors)('secrets of PostgreSQL %i', (major) => {
  const server = postgres(major, { max_connections: 40 });

  beforeAll(async () => {
    await server.query(`
      SET password_encryption = 'scram-sha-256';
      CREATE ROLE scram LOGIN PASSWORD '${password}';
      CREATE ROLE expired LOGIN PASSWORD '${password}' VALID UNTIL '2001-01-01';
      CREATE ROLE lasting LOGIN PASSWORD '${password}' VALID UNTIL 'infinity';
      CREATE ROLE nologin NOLOGIN PASSWORD '${password}';
      CREATE ROLE bare LOGIN;
      SET password_encryption = 'md5';
      CREATE ROLE md5 LOGIN PASSWORD '${password}'`);
    const hba = `
      host all postgres 127.0.0.1/32 trust
      host all md5 127.0.0.1/32 md5
      host all all 127.0.0.1/32 scram-sha-256`;
    const { dataDir } = server.local;
    const path = join(dataDir, 'pg_hba.conf');
    await writeFile(path, hba);
    const owner = await stat(dataDir);
    await chown(path, owner.uid, owner.gid);
    await server.local.stop();
    await server.local.start();
  });

  /** The users as the default auth_query finds them. */
  function lookup(): UserLookup {
    const query = new AuthQuery(defaultAuthQuery, async (text, user) => {
      const client = new Client({ connectionString: server.url() });
      await client.connect();
      try {
        const { rows } = await client.query<(string | null)[]>({
          text,
          values: [user],
          rowMode: 'array',
        });
        return rows;
      } finally {
        await client.end();
      }
    });
    return { find: (user) => query.find(user) };
  }

  test.each([
    ['scram', 'scram-sha-256'],
    ['scram', 'md5'],
    ['scram', 'plain'],
    ['md5', 'md5'],
    ['md5', 'plain'],
    ['lasting', 'scram-sha-256'],
  ] as const)('let %s in by %s, and on to the server', async (user, authType) => {
    const listener = await LoginListener.open({ rules: await rules(authType), lookup: lookup() });
    await logInWithPg(listener.port, { user });
    const wrong = logInWithPg(listener.port, { user, password: 'wrong' });
    await expect(wrong).rejects.toMatchObject({ code: '08P01' });
    const [credentials] = listener.credentials;
    const secret = credentials ? serverSecretOf(credentials) : null;
    if (!secret) throw new Error('nothing to go on with');
    await using connection = await RawConnection.open(server.port, { user, secret });
    await connection.query('SELECT 1');
  });

  test.each([
    ['expired', 'the user has no password, or one that has expired'], // CVE-2025-2291
    ['bare', 'the user has no password, or one that has expired'],
    ['nologin', 'no such user'],
    ['nobody', 'no such user'],
  ])('do not let %s in', async (user, reason) => {
    for (const authType of ['scram-sha-256', 'md5', 'plain'] as const) {
      const listener = await LoginListener.open({ rules: await rules(authType), lookup: lookup() });
      await expect(logInWithPg(listener.port, { user })).rejects.toThrow(/authentication failed/);
      expect(listener.reasons).toEqual([reason]);
    }
  });

  test('keys learnt from another secret are a wrong password to the server', async () => {
    await server.query(`SET password_encryption = 'scram-sha-256'; ALTER ROLE bare PASSWORD 'a'`);
    const listener = await LoginListener.open({
      rules: await rules('scram-sha-256'),
      lookup: lookup(),
    });
    await logInWithPg(listener.port, { user: 'bare', password: 'a' });
    // The same password, but another salt.
    await server.query(`SET password_encryption = 'scram-sha-256'; ALTER ROLE bare PASSWORD 'a'`);
    const [credentials] = listener.credentials;
    const secret = credentials ? serverSecretOf(credentials) : null;
    const login = RawConnection.open(server.port, { user: 'bare', secret: secret ?? undefined });
    await expect(login).rejects.toMatchObject({ sqlstate: '28P01' });
    await server.query('ALTER ROLE bare PASSWORD NULL');
  });

  test('an MD5 secret and SCRAM keys say what they cannot answer', async () => {
    const hash = md5Secret('scram', password);
    const bySecret = { user: 'scram', secret: { kind: 'md5', hash } } as const;
    const refused = { code: 'AUTH_SECRET_UNFIT' };
    await expect(RawConnection.open(server.port, bySecret)).rejects.toMatchObject(refused);
    const keys = { clientKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) };
    const byKeys = { user: 'md5', secret: { kind: 'scramKeys', ...keys } } as const;
    await expect(RawConnection.open(server.port, byKeys)).rejects.toMatchObject(refused);
  });
});

describe('real clients', () => {
  const users = lookupOf({ joe: password });

  test.each(['plain', 'md5', 'scram-sha-256', 'trust', 'any'] as const)(
    'pg logs in by %s, with and without TLS',
    async (authType) => {
      const listener = await LoginListener.open({
        rules: await rules(authType),
        lookup: users,
        tls,
      });
      await logInWithPg(listener.port, { user: 'joe' });
      await logInWithPg(listener.port, { user: 'joe', isTls: true });
      expect(listener.credentials).toHaveLength(2);
    },
  );

  test.skipIf(!hasPsql)('libpq logs in by every method, and binds to the channel', async () => {
    for (const authType of ['plain', 'md5', 'scram-sha-256'] as const) {
      const listener = await LoginListener.open({
        rules: await rules(authType),
        lookup: users,
        tls,
      });
      const { port } = listener;
      await logInWithPsql(port, { user: 'joe' }, 'sslmode=disable');
      await logInWithPsql(port, { user: 'joe' }, 'sslmode=require');
      const bound = logInWithPsql(port, { user: 'joe' }, 'sslmode=require channel_binding=require');
      if (authType === 'scram-sha-256') await bound;
      else await expect(bound).rejects.toThrow(/channel binding/);
      const wrong = logInWithPsql(port, { user: 'joe', password: 'wrong' }, 'sslmode=disable');
      await expect(wrong).rejects.toThrow(/authentication failed/);
      const unknown = logInWithPsql(port, { user: 'jim' }, 'sslmode=disable');
      await expect(unknown).rejects.toThrow(/authentication failed/);
    }
  });

  test('a password of 64 KB arrives whole', async () => {
    const long = 'x'.repeat(65_535);
    for (const authType of ['plain', 'md5', 'scram-sha-256'] as const) {
      const listener = await LoginListener.open({
        rules: await rules(authType),
        lookup: lookupOf({ joe: long }),
      });
      await logInWithPg(listener.port, { user: 'joe', password: long });
      const wrong = logInWithPg(listener.port, { user: 'joe', password: `${long}x` });
      await expect(wrong).rejects.toThrow(/authentication failed/);
    }
  });
});
