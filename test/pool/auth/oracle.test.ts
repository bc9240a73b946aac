import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { postgres, startPgbouncer, temporaryFolder } from '../../kit/index.ts';
import { pgbouncers } from '../../kit/pgbouncer-programs.ts';
import { createAuthority } from '../../session/certificates.ts';
import { writeServerFiles } from '../../session/server-files.ts';
import { clientTls } from '../protocol/tls.ts';
import { startScene } from '../scene.ts';

const server = postgres();

/** What is asked of a pool that cannot let anybody in. */
interface Case {
  /** Of the database, behind host, port and dbname. */
  readonly line?: string;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Of the user, in auth_file. */
  readonly secret?: string;
}

const byQuery = { auth_type: 'plain', auth_user: 'postgres' };
const asked = 'someone';
const scramSecret =
  'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$lOMpFKEHvBPOhmlkFZnAVGLwNCPoYMb1KHZvMs2tFlI=:lOMpFKEHvBPOhmlkFZnAVGLwNCPoYMb1KHZvMs2tFlI=';

const sameForAll: Readonly<Record<string, Case>> = {
  'auth_query names a function that is not there': {
    settings: { ...byQuery, auth_query: 'SELECT * FROM nowhere($1)' },
  },
  'auth_type = any, and no user in the line': { settings: { auth_type: 'any' } },
  'auth_query returns two columns of one name, and a secret of no use': {
    settings: { ...byQuery, auth_query: "SELECT $1::text, 'another'::text" },
  },
  'auth_query returns one column': { settings: { ...byQuery, auth_query: 'SELECT $1::text' } },
};

const sameForFirst: Readonly<Record<string, Case>> = {
  'a role that the server does not have': { line: 'user=nobody_of_that_name' },
  'a database that the server does not have': { line: 'dbname=nowhere' },
  'a wrong password': { line: 'user=keyed password=wrong' },
  'an MD5 secret where the server asks for SCRAM': { secret: `md5${'0'.repeat(32)}` },
  'a SCRAM secret that the client has not opened': { secret: scramSecret },
};

describe('who cannot be let in', () => {
  let own: string;

  beforeAll(async () => {
    const lines = [
      'host all keyed all scram-sha-256',
      'host replication all all trust',
      'local all all trust',
    ];
    await writeServerFiles(server, {
      'pg_hba.conf': `${[...lines, 'host all all all trust'].join('\n')}\n`,
    });
    await server.query('SELECT pg_reload_conf()');
    await server.query(
      "SET password_encryption = 'scram-sha-256'; CREATE ROLE keyed LOGIN PASSWORD 'one'",
    );
    const { name } = await server.database();
    own = `host=127.0.0.1 port=${server.port} dbname=${name}`;
  });

  const iniOf = ({ line = '', settings, secret = '' }: Case) => ({
    databases: { app: `${own} ${line}` },
    settings: {
      auth_type: 'trust',
      pool_mode: 'transaction',
      ignore_startup_parameters: 'extra_float_digits',
      server_login_retry: 1000,
      ...settings,
    },
    userlist: `"postgres" ""\n"keyed" "${secret}"\n`,
  });

  for (const program of Object.values(pgbouncers)) {
    describe.skipIf(!program.isHere)(`is told the same by ${program.name}`, () => {
      test.each(Object.entries(sameForAll))('%s', async (_, one) => {
        const theirs = await startPgbouncer(program, iniOf(one));
        const ours = await startScene(iniOf(one));
        const wanted = await refusal(theirs.port, asked);
        expect(wanted).toMatch(/^FATAL /);
        expect(await refusal(ours.port, asked)).toBe(wanted);
        expect(await refusal(ours.port, asked)).toBe(wanted);
      });

      test.skipIf(program === pgbouncers.debian)('auth_dbname names no database', async () => {
        const one = { settings: { ...byQuery, auth_dbname: 'nowhere' } };
        const theirs = await startPgbouncer(program, iniOf(one));
        const ours = await startScene(iniOf(one));
        expect(await refusal(ours.port, asked)).toBe(await refusal(theirs.port, asked));
      });

      test.each(Object.entries(sameForFirst))('%s', async (_, one) => {
        const theirs = await startPgbouncer(program, iniOf(one));
        const ours = await startScene(iniOf(one));
        const user = one.secret === undefined ? 'postgres' : 'keyed';
        const wanted = await refusal(theirs.port, user);
        expect(wanted).toMatch(/^FATAL /);
        const told = await refusal(ours.port, user);
        // Debian's kept the server's SQLSTATE to itself.
        const isOld = program === pgbouncers.debian;
        expect(isOld ? told.replace(/^FATAL \w{5}/, 'FATAL 08P01') : told).toBe(wanted);
        const message = wanted.slice('FATAL 08P01 '.length);
        expect(await refusal(ours.port, user)).toBe(
          `FATAL 08P01 server login has been failing, cached error: ${message} (server_login_retry)`,
        );
      });
    });
  }

  test.each([
    [{}, 'server login has been failing, cached error: connect failed (server_login_retry)'],
    [byQuery, 'server login has been failing, try again later (server_login_retry)'],
  ])('is told no addresses of a server that is not there', async (settings, message) => {
    const ours = await startScene(iniOf({ line: 'port=1', settings }));
    const user = 'auth_user' in settings ? asked : 'postgres';
    expect(await refusal(ours.port, user)).toBe(`FATAL 08P01 ${message}`);
    expect(await refusal(ours.port, user)).toBe(`FATAL 08P01 ${message}`);
    expect(ours.logged.join('')).toMatch(
      'auth_user' in settings ? /127\.0\.0\.1:1/ : /POOL_SERVER_UNREACHABLE: server 127\.0\.0\.1:1/,
    );
  });

  test('... nor of a certificate, for which the log names the setting', async () => {
    const inner = await startScene({ databases: { app: own }, settings: await clientTls() });
    const caFile = join(temporaryFolder(), 'ca.pem');
    await writeFile(caFile, createAuthority('another').pem);
    const ours = await startScene({
      databases: { app: `host=127.0.0.1 port=${inner.port} dbname=app` },
      settings: { server_tls_sslmode: 'verify-ca', server_tls_ca_file: caFile },
    });
    expect(await refusal(ours.port, 'postgres')).toContain('cached error: connect failed');
    expect(ours.logged.join('')).toMatch(/POOL_SERVER_CERTIFICATE: .*check server_tls_ca_file/);
  });

  test('is told nothing of what auth_query said, which is in the log', async () => {
    const settings = { ...byQuery, auth_query: 'SELECT * FROM nowhere($1)' };
    const ours = await startScene(iniOf({ settings }));
    await refusal(ours.port, asked);
    expect(ours.logged.join('')).toContain('function nowhere(unknown) does not exist');
  });
});

test('an hba line of the database lets in who follows it, one of replication who follows the server', async () => {
  const { url } = await server.database();
  const hba = join(temporaryFolder(), 'hba.conf');
  await writeFile(hba, '');
  const scene = await startScene({
    databases: { app: url },
    settings: { auth_type: 'hba', auth_hba_file: hba },
  });
  const login = (replication: string): Promise<string> =>
    refusal(scene.port, 'postgres', replication);
  const rejected = 'FATAL 08P01 login rejected';
  await writeFile(hba, 'host app all all trust\n');
  await scene.operations.reload();
  expect([await login('database'), await login('true')]).toEqual(['let in', rejected]);
  await writeFile(hba, 'host replication all all trust\n');
  await scene.operations.reload();
  expect([await login('database'), await login('true')]).toEqual([rejected, 'let in']);
});

async function refusal(port: number, user: string, replication?: string): Promise<string> {
  const options = { host: '127.0.0.1', port, user, password: 'x', database: 'app', replication };
  const client = new Client(options);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return 'let in';
  } catch (error) {
    if (!(error instanceof DatabaseError)) return String(error);
    return `${error.severity} ${error.code} ${error.message}`;
  }
}
