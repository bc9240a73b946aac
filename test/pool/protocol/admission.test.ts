import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MessageWriter, ProtocolVersion } from '../../../src/wire/index.ts';
import { postgres, temporaryFolder, waitFor } from '../../kit/index.ts';
import { startScene } from '../scene.ts';

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
});

function hostOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `host=${hostname} port=${port} dbname=${pathname.slice(1)}`;
}
