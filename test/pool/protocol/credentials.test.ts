import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { postgres, temporaryFolder, waitFor, type TestDatabase } from '../../kit/index.ts';
import { writeServerFiles } from '../../session/server-files.ts';
import { startScene } from '../scene.ts';

const server = postgres();

describe('what servers are logged in to with', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    const others = ['local', 'host'].flatMap((kind) =>
      ['all', 'replication'].map(
        (name) => `${kind} ${name} all ${kind === 'host' ? 'all ' : ''}trust`,
      ),
    );
    const lines = ['host all keyed all scram-sha-256', ...others, ''];
    await writeServerFiles(server, { 'pg_hba.conf': lines.join('\n') });
    await server.query('SELECT pg_reload_conf()');
    await server.query("SET password_encryption = 'scram-sha-256'; CREATE ROLE keyed LOGIN");
    database = await server.database();
  });

  test('a login without a password leaves the keys of an earlier one as they are', async () => {
    const stored = await storedSecret('one');
    const folder = temporaryFolder();
    const hba = join(folder, 'hba.conf');
    await writeFile(hba, 'local all all trust\nhost all all all scram-sha-256\n');
    const scene = await startScene({
      databases: { app: database.url },
      settings: {
        pool_mode: 'transaction',
        auth_type: 'hba',
        auth_hba_file: hba,
        unix_socket_dir: folder,
      },
      userlist: `"keyed" "${stored}"\n`,
    });
    const withPassword = await scene.client('app', { user: 'keyed', password: 'one' });
    await withPassword.query('BEGIN');
    const without = await scene.client('app', { user: 'keyed', host: folder });
    expect((await without.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test.each(['the database line', 'auth_file'])(
    'the new password of a forced user, in %s, is in force after RELOAD',
    async (where) => {
      await storedSecret('before');
      const optionsWith = (password: string) => ({
        databases: {
          app: `${hostOf(database.url)} user=keyed${where === 'auth_file' ? '' : ` password=${password}`}`,
        },
        userlist: `"postgres" ""\n"keyed" "${password}"\n`,
      });
      const scene = await startScene({
        ...optionsWith('before'),
        settings: { pool_mode: 'transaction', query_wait_timeout: 3 },
      });
      const client = await scene.client('app');
      await client.query('SELECT 1');
      await storedSecret('after');
      await scene.configure(optionsWith('after'));
      await scene.operations.reload();
      scene.operations.reconnect('app');
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    },
  );

  /** A pool in front of a forced user, whose server has refused it: for longer than any test takes. */
  async function startRefused(inFile: string, inServer: string) {
    await storedSecret(inServer);
    const scene = await startScene({
      databases: { app: `${hostOf(database.url)} user=keyed`, own: database.url },
      settings: { pool_mode: 'transaction', server_login_retry: 1000, auth_type: 'plain' },
      userlist: usersWith(inFile),
    });
    await expect(scene.client('app', asAnybody)).rejects.toThrow('password authentication failed');
    await expect(scene.client('app', asAnybody)).rejects.toThrow('cached error');
    return scene;
  }

  test('a refusal is not remembered over a RELOAD', async () => {
    const scene = await startRefused('one', 'two');
    await storedSecret('one');
    await expect(scene.client('app', asAnybody)).rejects.toThrow('cached error');
    await scene.operations.reload();
    const client = await scene.client('app', asAnybody);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('... nor for a forced user whose password changes in auth_file alone', async () => {
    const scene = await startRefused('one', 'two');
    await scene.configure({ userlist: usersWith('two') });
    const client = await waitForClient(() => scene.client('app', asAnybody));
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('... nor for a client who logs in with another password', async () => {
    await storedSecret('two');
    const scene = await startScene({
      databases: { own: database.url },
      settings: { pool_mode: 'transaction', server_login_retry: 1000, auth_type: 'plain' },
      userlist: usersWith('one'),
    });
    const login = (password: string) => scene.client('own', { user: 'keyed', password });
    await expect(login('one')).rejects.toThrow('password authentication failed');
    await scene.configure({ userlist: usersWith('two') });
    const client = await waitForClient(() => login('two'));
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('... but for those who log in with the same', async () => {
    const scene = await startRefused('one', 'two');
    await storedSecret('one');
    await scene.configure({ userlist: `${usersWith('one')}"another" ""\n` });
    await waitFor('the file to be read', () => scene.pooler.users.file?.find('another') ?? null);
    await expect(scene.client('app', asAnybody)).rejects.toThrow('cached error');
  });
});

const asAnybody = { user: 'anybody', password: 'any' };

function usersWith(password: string): string {
  return `"postgres" ""\n"anybody" "any"\n"keyed" "${password}"\n`;
}

/** auth_file is looked at every few seconds. */
function waitForClient<T>(login: () => Promise<T>): Promise<T> {
  return waitFor('the login to succeed', () => login().catch(() => null));
}

function hostOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `host=${hostname} port=${port} dbname=${pathname.slice(1)}`;
}

/** Gives the user this password. @returns what the server stores of it */
async function storedSecret(password: string): Promise<string> {
  await server.query(`ALTER ROLE keyed PASSWORD '${password}'`);
  const [row] = await server.query(
    "SELECT rolpassword AS secret FROM pg_authid WHERE rolname = 'keyed'",
  );
  return String(row!['secret']);
}
