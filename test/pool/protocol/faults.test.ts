import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { BackendWriter } from '../../../src/wire/index.ts';
import {
  ended,
  frame,
  openPipeline,
  PipelineClient,
  postgres,
  startProxy,
  waitFor,
} from '../../kit/index.ts';
import { startScene, type Scene } from '../scene.ts';
import { oneRow, startFakeServer, type FakeServer } from './fake-server.ts';
import { outerMajors, Pair, startPair, whatIsBusy } from './pair.ts';

const pidQuery = 'SELECT pg_backend_pid()';

describe.each(outerMajors)('faults, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 33: an idle server that ends is replaced, and no client hears of it', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    const pid = await pidOf(client);
    await pair.database.query(`SELECT pg_terminate_backend(${pid})`);
    await waitFor('the server to be dropped', () => pair.pooler.pools[0]!.servers.size === 0);
    expect(client.unread).toEqual([]);
    expect(await pidOf(client)).not.toBe(pid);
    await pair.expectQuiet();
  });

  test('case 33: what an idle server says by the way reaches nobody', async () => {
    const pair = await startPair(server);
    const client = await pair.pooled();
    // The server itself listens.
    await client.ask((w) => w.query("DO $$ BEGIN EXECUTE 'LISTEN other'; END $$"));
    await pair.database.query("NOTIFY other, 'nobody asked'");
    const before = await client.ask((w) => w.query('SHOW TimeZone'));
    await server.query("ALTER SYSTEM SET log_statement = 'none'");
    await server.query(`ALTER DATABASE ${pair.database.name} SET work_mem = '3MB'`);
    await server.query('SELECT pg_reload_conf()');
    expect(client.unread).toEqual([]);
    expect(await client.ask((w) => w.query('SHOW TimeZone'))).toEqual(before);
    await pair.expectQuiet();
  });

  test('case 33: a server that ends in the middle of its client tells it so, once', async () => {
    const pair = await startPair(server);
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await client.ask((w) => w.query('BEGIN'));
    const [row] = await pair.database.rows<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
    );
    await pair.database.query(`SELECT pg_terminate_backend(${row!.pid})`);
    expect(await client.until(ended)).toEqual(['F:57P01', ended]);
    const busy = await pair.pooled();
    await busy.send((w) => w.query('SELECT 1; SELECT pg_sleep(30)'));
    const sleeping = await waitFor('it to run', async () => {
      const [found] = await pair.database.rows<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(30)' AND state = 'active' AND pid <> pg_backend_pid()",
      );
      return found?.pid;
    });
    await pair.database.query(`SELECT pg_terminate_backend(${sleeping})`);
    expect((await busy.until(ended)).slice(-2)).toEqual(['F:57P01', ended]);
    expect(await other.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    await pair.expectQuiet();
  });

  test('case 36: a client that vanishes in a transaction has it rolled back, its server lives on', async () => {
    const pair = await startPair(server, { sql: 'CREATE TABLE t (n int)' });
    const client = await pair.pooled();
    const pid = await pidOf(client);
    for (const leave of ['vanish', 'close'] as const) {
      const leaving = await pair.pooled();
      await leaving.ask((w) => w.query('BEGIN; INSERT INTO t VALUES (1)'));
      await leaving[leave]();
      expect(await client.ask((w) => w.query('SELECT count(*) FROM t'))).toContain('D:0');
      const failed = await pair.pooled();
      await failed.ask((w) => w.query('BEGIN; SELECT 1/0'));
      await failed[leave]();
      expect(await pidOf(client)).toBe(pid);
    }
    await pair.expectQuiet();
  });

  test.each<[string, (client: PipelineClient) => Promise<unknown>]>([
    [
      'in the middle of a result',
      async (client) => {
        client.socket.pause();
        await client.send((w) =>
          w.query("SELECT repeat('x', 1000) FROM generate_series(1, 50000)"),
        );
      },
    ],
    ['while its query runs', (client) => client.send((w) => w.query('SELECT pg_sleep(0.2)'))],
    [
      'in the middle of a pipeline',
      (client) => client.ask((w) => w.parse('a', 'SELECT 1').bind('', 'a', []).flush(), '2'),
    ],
    [
      'after an error in a pipeline',
      (client) => client.ask((w) => w.parse('a', 'SELECT nothing').flush(), 'E:'),
    ],
    [
      'in the middle of a message',
      (client) =>
        client.sendBytes(frame('Q', `SELECT '${'x'.repeat(300_000)}'\0`).subarray(0, 290_000)),
    ],
    [
      'behind a message of which only the head came',
      (client) => client.sendBytes(frame('P', 'name\0SELECT 1\0\0\0').subarray(0, 7)),
    ],
    ['in the middle of a COPY', (client) => client.ask((w) => w.query('COPY t FROM STDIN'), 'G')],
    [
      'with many requests in flight',
      (client) =>
        client.send((w) => {
          for (let i = 0; i < 200; i++)
            w.parse('', 'SELECT pg_sleep(0.001)').bind('', '', []).execute('').sync();
        }),
    ],
    [
      'while settings are restored for it',
      async (client) => {
        await client.ask((w) => w.query("SET TimeZone = 'Asia/Tokyo'"));
        const other = await PipelineClient.connect(client.port, { database: 'app' });
        await other.login();
        await other.ask((w) => w.query("SET TimeZone = 'America/Lima'"));
        await client.send((w) => w.query('SELECT 1'));
      },
    ],
  ])('case 36: a client that vanishes %s', async (_when, begin) => {
    const pair = await startPair(server, { sql: 'CREATE TABLE t (n int)' });
    const next = await pair.pooled();
    for (const leave of ['vanish', 'close', 'end'] as const) {
      const leaving = await pair.pooled();
      await begin(leaving);
      if (leave === 'end') leaving.socket.end();
      else if (leave === 'vanish') leaving.vanish();
      else void leaving.close();
      for (const mark of ['one', 'two']) {
        expect(await next.ask((w) => w.query(`SELECT '${mark}'`))).toEqual([
          'T:?column?',
          `D:${mark}`,
          'C:SELECT 1',
          'Z:I',
        ]);
      }
      leaving.vanish();
    }
    await pair.expectQuiet();
  });

  test('case 37: a client that vanishes while it waits takes its request with it', async () => {
    const pair = await startPair(server, { sql: 'CREATE TABLE t (n int)' });
    const [hog, leaving, last] = await Promise.all([pair.pooled(), pair.pooled(), pair.pooled()]);
    await hog.ask((w) => w.query('BEGIN'));
    await leaving.send((w) => w.query('INSERT INTO t VALUES (1)'));
    await waitFor('it to wait', () => pair.pooler.pools[0]!.waiting.size === 1);
    const count = last.ask((w) => w.query('SELECT count(*) FROM t'));
    leaving.vanish();
    await waitFor('it to be gone', () => pair.pooler.clients.size === 2);
    await hog.ask((w) => w.query('COMMIT'));
    expect(await count).toContain('D:0');
    await pair.expectQuiet();
  });

  test('case 42: a server that is lost before its answer costs its client one error, nothing runs twice', async () => {
    const database = await server.database('CREATE TABLE t (n int)');
    const proxy = await startProxy({ port: server.port });
    const scene = await startScene({
      databases: { app: proxy.url(database.url) },
      settings: { pool_mode: 'transaction', default_pool_size: 1 },
    });
    const pair = new Pair(server, database, scene);
    const [client, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await client.ask((w) => w.query('SELECT 1'));
    proxy.toClient.stall();
    await client.send((w) => w.query('INSERT INTO t VALUES (1)').query('INSERT INTO t VALUES (2)'));
    await waitFor(
      'it to run',
      async () => (await database.value('SELECT count(*)::int FROM t')) === 2,
    );
    proxy.cut();
    expect(await client.until(ended)).toEqual(['F:08P01', ended]);
    proxy.toClient.resume();
    expect(await other.ask((w) => w.query('SELECT count(*) FROM t'))).toContain('D:2');
    await pair.expectQuiet();
  });

  test('case 42: a restart of the server: those in the middle hear it, the others wait', async () => {
    const pair = await startPair(server, { poolSize: 2, settings: { server_login_retry: 0.2 } });
    const [busy, idle] = await Promise.all([pair.pooled(), pair.pooled()]);
    await idle.ask((w) => w.query('SELECT 1'));
    await busy.ask((w) => w.query('BEGIN'));
    await server.local.stop('immediate');
    expect((await busy.until(ended)).at(-1)).toBe(ended);
    const answer = idle.ask((w) => w.query('SELECT 42'));
    await server.local.start();
    expect(await answer).toContain('D:42');
    await pair.expectQuiet();
  });
});

describe('servers and clients that talk nonsense', () => {
  test('case 33: what an idle server says by the way is no answer, and makes it free but once', async () => {
    const { fake, scene } = await startFake();
    const sent: string[] = [];
    fake.answers = (tag, said) => {
      sent.push(tag);
      if (tag === 'Q') oneRow(said, 'right');
    };
    const [a, b] = await Promise.all(
      [1, 2].map(() => openPipeline(scene.port, { database: 'app' })),
    );
    await a!.ask((w) => w.query('SELECT'));
    const [held] = scene.pooler.pools[0]!.servers;
    for (const socket of fake.sockets) {
      const said = new BackendWriter()
        .notice({ severity: 'NOTICE', sqlstate: '00000', message: 'by the way' })
        .notification(1, 'news', 'x')
        .parameterStatus('TimeZone', 'Asia/Tokyo');
      socket.write(said.take());
    }
    await waitFor('it to be heard', () => held!.parameters.get('TimeZone') === 'Asia/Tokyo');
    expect(whatIsBusy(scene.pooler)).toEqual([]);
    sent.length = 0;
    for (const client of [a!, b!]) {
      expect(await client.ask((w) => w.query('SELECT'))).toEqual([
        'T:value',
        'D:right',
        'C:SELECT 1',
        'Z:I',
      ]);
    }
    // Both think of UTC, and the server does not say that it does again.
    expect(sent.length).toBeGreaterThan(2);
    await expectAlive(fake, scene);
  });

  test.each<[string, (said: BackendWriter, socket: Socket) => void]>([
    [
      'an error without SQLSTATE, then ready',
      (_said, socket) => raw(socket, frame('E', 'SERROR\0Mno code\0\0'), frame('Z', 'I')),
    ],
    [
      'an error without any field, then ready',
      (_said, socket) => raw(socket, frame('E', '\0'), frame('Z', 'I')),
    ],
  ])('case 34: %s, goes through', async (_name, say) => {
    const { fake, scene } = await startFake();
    const client = await openPipeline(scene.port, { database: 'app' });
    fake.answers = (tag, said, socket) => {
      if (tag === 'Q') say(said, socket);
    };
    expect(await client.ask((w) => w.query('SELECT'))).toEqual(['E:XX000', 'Z:I']);
    await expectAlive(fake, scene);
  });

  test.each<[string, (said: BackendWriter, socket: Socket) => void]>([
    ['an error that is cut short', (_said, socket) => raw(socket, frame('E', 'SERR'))],
    [
      'an error whose last field has no end',
      (_said, socket) => raw(socket, frame('E', 'SERROR\0Cabc')),
    ],
    ['an unknown type', (_said, socket) => raw(socket, frame('?', 'what'))],
    ['a type of another time', (_said, socket) => raw(socket, frame('R', '\0\0\0\0'))],
    ['a negative length', (_said, socket) => raw(socket, lying('C', -5))],
    ['a length below four', (_said, socket) => raw(socket, lying('C', 3))],
    ['a giant length of a small message', (_said, socket) => raw(socket, lying('Z', 0x7fff_ffff))],
    ['a giant notice', (_said, socket) => raw(socket, lying('N', 0x7fff_ffff))],
    ['ParseComplete for a Query', (said) => said.parseComplete().readyForQuery('I')],
    ['BindComplete for a Query', (said) => said.bindComplete().readyForQuery('I')],
    ['more than was asked for', (said) => oneRow(oneRow(said, 'a'), 'b')],
    ['a ready too many', (said) => oneRow(said, 'a').readyForQuery('I')],
    ['a status that does not exist', (_said, socket) => raw(socket, frame('Z', '?'))],
    ['ready without a status', (_said, socket) => raw(socket, frame('Z', ''))],
    ['a broken parameter', (_said, socket) => raw(socket, frame('S', 'TimeZone'))],
    ['a broken notification', (_said, socket) => raw(socket, frame('A', 'x'))],
    [
      'a FATAL error, without hanging up',
      (said) => said.error({ severity: 'FATAL', sqlstate: 'XX000', message: 'no' }),
    ],
    [
      'half a message, and hangs up',
      (_said, socket) => socket.end(frame('D', '\0\x01\0\0\0\x05hello').subarray(0, 8)),
    ],
    ['nothing, and hangs up', (_said, socket) => socket.end()],
    [
      'random bytes',
      (_said, socket) =>
        raw(socket, Buffer.from(Array.from({ length: 100 }, (_, i) => (i * 73) % 256))),
    ],
  ])('case 34: a server that says %s is dropped, nobody else is harmed', async (_name, say) => {
    const { fake, scene } = await startFake();
    const client = await openPipeline(scene.port, { database: 'app' });
    fake.answers = (tag, said, socket) => {
      if (tag === 'Q') say(said, socket);
    };
    await client.send((w) => w.query('SELECT'));
    await Promise.race([
      client.until(ended),
      waitFor('the server to be dropped', () => scene.pooler.pools[0]!.servers.size === 0, {
        timeoutMs: 8000,
      }),
    ]);
    await expectAlive(fake, scene);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['a whole answer', (socket) => raw(socket, oneRow(new BackendWriter(), 'nobody').take())],
    [
      'an error',
      (socket) =>
        raw(
          socket,
          new BackendWriter()
            .error({ severity: 'ERROR', sqlstate: 'XX000', message: 'out of the blue' })
            .take(),
        ),
    ],
    ['ready', (socket) => raw(socket, frame('Z', 'I'))],
    ['nonsense', (socket) => raw(socket, Buffer.alloc(50, 0xff))],
  ])('case 34: an idle server that says %s is not used for the next client', async (_name, say) => {
    const { fake, scene } = await startFake();
    const client = await openPipeline(scene.port, { database: 'app' });
    expect(await client.ask((w) => w.query('SELECT'))).toContain('D:right');
    for (const socket of fake.sockets) say(socket);
    await waitFor('it to be heard', () => scene.pooler.pools[0]!.servers.size === 0 || null, {
      timeoutMs: 500,
    }).catch(() => undefined);
    for (let i = 0; i < 3; i++) {
      const answer = await client.ask((w) => w.query('SELECT'));
      expect(answer).toEqual(['T:value', 'D:right', 'C:SELECT 1', 'Z:I']);
    }
    await expectAlive(fake, scene);
  });

  test.each<[string, Buffer]>([
    ['an unknown type', frame('?', 'what')],
    ['a type of servers', frame('Z', 'I')],
    ['a password', frame('p', 'late\0')],
    ['a negative length', lying('Q', -1)],
    ['a length below four', lying('Q', 3)],
    ['a giant Sync', lying('S', 0x7fff_ffff)],
    ['a giant Describe', lying('D', 0x7fff_ffff)],
    ['random bytes', Buffer.from(Array.from({ length: 100 }, (_, i) => (i * 91 + 7) % 256))],
  ])('case 34: a client that says %s is refused, nobody else is harmed', async (_name, bytes) => {
    const { fake, scene } = await startFake();
    const client = await openPipeline(scene.port, { database: 'app' });
    await client.sendBytes(bytes);
    await client.sendBytes(Buffer.alloc(200_000));
    expect((await client.until(ended)).at(-1)).toBe(ended);
    await expectAlive(fake, scene);
  });
});

function raw(socket: Socket, ...pieces: (Buffer | string)[]): void {
  socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
}

/** A message whose length word is not its length. */
function lying(tag: string, length: number): Buffer {
  const bytes = frame(tag, 'body');
  bytes.writeInt32BE(length, 1);
  return bytes;
}

async function pidOf(client: PipelineClient): Promise<string> {
  return (await client.ask((w) => w.query(pidQuery)))[1]!.slice(2);
}

async function startFake(): Promise<{ fake: FakeServer; scene: Scene }> {
  const fake = await startFakeServer((tag, said) => {
    if (tag === 'Q') oneRow(said, 'right');
  });
  const scene = await startScene({
    databases: { app: fake.line },
    settings: { pool_mode: 'transaction', default_pool_size: 1, server_login_retry: 0.1 },
  });
  return { fake, scene };
}

/** The pool lives, its next client gets the right answer. */
async function expectAlive(fake: FakeServer, scene: Scene): Promise<void> {
  fake.answers = (tag, said) => {
    if (tag === 'Q') oneRow(said, 'right');
  };
  const next = await openPipeline(scene.port, { database: 'app' });
  expect(await next.ask((w) => w.query('SELECT'))).toContain('D:right');
  await next.close();
  await waitFor('the pool to be quiet', () => whatIsBusy(scene.pooler).length === 0);
}
