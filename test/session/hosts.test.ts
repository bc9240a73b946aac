import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startLocalServer, type LocalServer } from '../../src/demo/index.ts';
import { createPgPool, Session } from '../../src/session/index.ts';
import { anyMajor, portOf, postgres, startProxy, within } from '../kit/index.ts';

/** Nothing listens there. */
const nowhere = '127.0.0.1:1';

function at(port: number | undefined): string {
  return `127.0.0.1:${port}`;
}

describe('several hosts', () => {
  const primary = postgres(anyMajor);
  let standby: LocalServer | null = null;
  let folder = '';

  beforeAll(async () => {
    await primary.query('CREATE DATABASE fenced');
    await primary.query('ALTER DATABASE fenced SET default_transaction_read_only = on');
    await primary.local.stop();
    folder = await mkdtemp(join(tmpdir(), 'sluice-standby-'));
    await chmod(folder, 0o755); // the server is not us when we are root
    const dataDir = join(folder, 'data');
    await cp(primary.local.dataDir, dataDir, { recursive: true });
    await writeFile(join(dataDir, 'standby.signal'), '');
    await primary.local.start();
    standby = await startLocalServer({ major: anyMajor, dataDir, isDurable: false });
  });
  afterAll(async () => {
    await standby?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Where a connection with these hosts, in this order, ends up. */
  async function reached(hosts: string[], query: string, database = 'postgres'): Promise<string> {
    const url = `postgres://postgres@${hosts.join(',')}/${database}?${query}`;
    await using session = await Session.connect(url, { purpose: 'test' });
    const { rows } = await session.query('SHOW default_transaction_read_only');
    expect(rows).toEqual([{ default_transaction_read_only: 'off' }]);
    if (session.place === at(primary.port)) return 'primary';
    return session.place === at(standby?.port) ? 'standby' : session.place;
  }

  test('are tried until one answers', async () => {
    expect(await reached([nowhere, at(primary.port)], '')).toBe('primary');
    expect(await reached([nowhere, 'no.such.host.invalid', at(standby?.port)], '')).toBe('standby');
  });

  test.each([
    ['any', 'standby'],
    ['primary', 'primary'],
    ['read-write', 'primary'],
    ['standby', 'standby'],
    ['read-only', 'standby'],
    ['prefer-standby', 'standby'],
  ])('are told apart by target_session_attrs=%s', async (attrs, expected) => {
    const query = `target_session_attrs=${attrs}`;
    expect(await reached([at(standby?.port), at(primary.port)], query)).toBe(expected);
    const turned = attrs === 'any' ? 'primary' : expected;
    expect(await reached([at(primary.port), at(standby?.port)], query)).toBe(turned);
  });

  test('may have a default of read-only, which counts but does not reach us', async () => {
    const hosts = [at(primary.port), at(standby?.port)];
    expect(await reached(hosts, 'target_session_attrs=read-only', 'fenced')).toBe('primary');
    expect(await reached(hosts, 'target_session_attrs=primary', 'fenced')).toBe('primary');
    await expect(reached(hosts, 'target_session_attrs=read-write', 'fenced')).rejects.toMatchObject(
      {
        code: 'SESSION_NO_HOST',
      },
    );
  });

  test('are all named when none serves', async () => {
    const failed = reached([nowhere, at(standby?.port)], 'target_session_attrs=primary');
    await expect(failed).rejects.toMatchObject({
      code: 'SESSION_NO_HOST',
      message: expect.stringMatching(/127\.0\.0\.1:1:.*is a standby/),
    });
    await expect(reached([at(primary.port)], 'target_session_attrs=standby')).rejects.toMatchObject(
      {
        code: 'SESSION_WRONG_KIND',
      },
    );
    const preferred = reached([at(primary.port)], 'target_session_attrs=prefer-standby');
    expect(await preferred).toBe('primary');
  });

  test('are not tried after one that refuses us', async () => {
    const failed = reached([at(primary.port), at(standby?.port)], '', 'none');
    await expect(failed).rejects.toMatchObject({ sqlstate: '3D000' });
  });

  test('share the load when told to', async () => {
    const hosts = [at(primary.port), at(standby?.port)];
    const places = await Promise.all(
      Array.from({ length: 20 }, () => reached(hosts, 'load_balance_hosts=random')),
    );
    expect(new Set(places)).toEqual(new Set(['primary', 'standby']));
  });

  test('lead a pg pool to the same place', async () => {
    const hosts = `${nowhere},${at(standby?.port)},${at(primary.port)}`;
    const pool = createPgPool(`postgres://postgres@${hosts}/postgres?target_session_attrs=primary`);
    const { rows } = await pool.query('SELECT pg_is_in_recovery() AS standby');
    await pool.end();
    expect(rows).toEqual([{ standby: false }]);
  });

  test('that say nothing are left after connect_timeout', async () => {
    const silent = await listen(() => undefined);
    const hosts = [at(silent), at(primary.port)];
    expect(await reached(hosts, 'connect_timeout=3')).toBe('primary');
    await expect(reached([at(silent)], 'connect_timeout=3')).rejects.toMatchObject({
      code: 'SESSION_CONNECT_TIMEOUT',
    });
  });

  test('that hang up at once are left for the next', async () => {
    const rude = await listen((socket) => socket.destroy());
    for (const mode of ['disable', 'prefer', 'require']) {
      const failed = reached([at(rude)], `sslmode=${mode}`);
      await expect(failed).rejects.toMatchObject({ decision: 'reconnect' });
    }
    expect(await reached([at(rude), at(primary.port)], '')).toBe('primary');
  });

  test('a caller can stop waiting for', async () => {
    const proxy = await startProxy({ port: primary.port });
    proxy.toClient.stall();
    const abort = new AbortController();
    const connecting = Session.connect(proxy.url(primary.url()), { signal: abort.signal });
    const reason = new Error('no longer needed');
    abort.abort(reason);
    await expect(within('the abort', connecting, 2000)).rejects.toBe(reason);
    const late = Session.connect(primary.url(), { signal: abort.signal });
    await expect(late).rejects.toBe(reason);
  });
});

/** A listener that is no PostgreSQL; closed when the test ends. Returns its port. */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
}
