import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { MessageWriter, ProtocolVersion } from '../../../src/wire/index.ts';
import { postgres, temporaryFolder, waitFor } from '../../kit/index.ts';
import { createAuthority, type Certificate } from '../../session/certificates.ts';
import { startScene, type Scene } from '../scene.ts';
import { clientTlsWithAuthority } from './tls.ts';

const server = postgres();

describe('who is let in', () => {
  test('a TCP connection that is reset at once does not count as one over the Unix socket', async () => {
    const database = await server.database('CREATE TABLE written (n int)');
    const hba = join(temporaryFolder(), 'hba.conf');
    await writeFile(hba, 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
    const scene = await startScene({
      databases: { app: `${hostOf(database.url)} user=postgres` },
      settings: { pool_mode: 'transaction', auth_type: 'hba', auth_hba_file: hba },
      userlist: '"alice" "secret"\n',
    });
    await (await scene.client('app', { user: 'alice', password: 'secret' })).query('SELECT 1');
    for (let i = 0; i < 20; i++) {
      const socket = connect({ port: scene.port, host: '127.0.0.1' });
      await once(socket, 'connect');
      const writer = new MessageWriter()
        .startup(ProtocolVersion.v3_0, { user: 'alice', database: 'app' })
        .query('INSERT INTO written VALUES (1)');
      socket.write(writer.take());
      socket.resetAndDestroy();
      await once(socket, 'close');
    }
    await waitFor('the connections to be gone', () => scene.pooler.handshakes.size === 0);
    expect(scene.logged.filter((line) => line.includes('"login"'))).toHaveLength(1);
    expect(await database.rows('SELECT * FROM written')).toEqual([]);
  });

  test.each(['max_db_client_connections', 'max_user_client_connections', 'max_client_conn'])(
    '%s holds for clients that come at the same time',
    async (setting) => {
      const database = await server.database();
      const scene = await startScene({
        databases: { app: `${hostOf(database.url)} user=postgres` },
        settings: { pool_mode: 'transaction', [setting]: 2 },
      });
      const logins = await Promise.allSettled(
        Array.from({ length: 12 }, () => scene.client('app')),
      );
      const refused = logins.flatMap((login) =>
        login.status === 'rejected' ? [login.reason] : [],
      );
      expect(refused).toHaveLength(10);
      expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['53300']));
      const [known] = logins.flatMap((login) =>
        login.status === 'fulfilled' ? [login.value] : [],
      );
      await known!.end();
      await waitFor('its place', () => scene.pooler.clients.size === 1);
      await (await scene.client('app')).query('SELECT 1');
      await expect(scene.client('app')).rejects.toThrow(setting);
    },
  );

  describe('by a certificate', () => {
    const authority = createAuthority('client authority');
    const good = authority.issue('alice');
    const forged = createAuthority('client authority').issue('alice');
    const somebodyElse = authority.issue('bob');

    async function sceneOf(mode: string, authType: string): Promise<Scene> {
      const database = await server.database();
      return startScene({
        databases: { app: `${hostOf(database.url)} user=postgres` },
        settings: {
          ...(await clientTlsWithAuthority(authority)),
          client_tls_sslmode: mode,
          auth_type: authType,
        },
        userlist: '"alice" ""\n',
      });
    }

    test.each(['verify-ca', 'verify-full'])('%s: nobody without a good one', async (mode) => {
      const scene = await sceneOf(mode, 'trust');
      expect(await isLetIn(scene, good)).toBe(true);
      expect(await isLetIn(scene, somebodyElse)).toBe(true);
      expect(await isLetIn(scene, forged)).toBe(false);
      expect(await isLetIn(scene, null)).toBe(false);
      expect(scene.pooler.handshakes.size).toBe(0);
    });

    test('a session is not taken up again, and needs its certificate each time', async () => {
      const scene = await sceneOf('allow', 'cert');
      let session: Buffer | undefined;
      for (let i = 0; i < 2; i++) {
        const socket = connectTls({
          port: scene.port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ALPNProtocols: ['postgresql'],
          ...(session && { session }),
        });
        socket.on('session', (taken) => (session = taken));
        socket.on('error', () => undefined);
        await once(socket, 'secureConnect');
        const startup = { user: 'alice', database: 'app' };
        socket.write(new MessageWriter().startup(ProtocolVersion.v3_0, startup).take());
        const [said = Buffer.alloc(1)]: Buffer[] = await once(socket, 'data');
        expect(String.fromCharCode(said[0]!)).toBe('E');
        socket.destroy();
      }
      expect(session).toBeDefined();
    });

    test.each(['allow', 'require', 'verify-full'])('auth_type=cert with %s', async (mode) => {
      const scene = await sceneOf(mode, 'cert');
      expect(await isLetIn(scene, good)).toBe(true);
      for (const other of [somebodyElse, forged, null]) {
        expect(await isLetIn(scene, other)).toBe(false);
      }
    });

    test('require: a certificate may be shown, and need not', async () => {
      const scene = await sceneOf('require', 'trust');
      for (const any of [good, forged, null]) expect(await isLetIn(scene, any)).toBe(true);
    });
  });
});

function hostOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `host=${hostname} port=${port} dbname=${pathname.slice(1)}`;
}

async function isLetIn(scene: Scene, certificate: Certificate | null): Promise<boolean> {
  const own = certificate && { cert: certificate.pem, key: certificate.keyPem };
  try {
    const ssl = { rejectUnauthorized: false, ...own };
    const client = await scene.client('app', { user: 'alice', ssl });
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  }
}
