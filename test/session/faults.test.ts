import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import { createPgClient, createSlot, Session } from '../../src/session/index.ts';
import { lsn, MessageWriter } from '../../src/wire/index.ts';
import { anyMajor, postgres, startProxy, waitFor, within } from '../kit/index.ts';
import { done, FakeServer, greeting, message, oneRow, type Script } from './fake-server.ts';

/** Valid up to the third answer, which is the given one; then the server hangs up. */
function answering(lastWords: Buffer): Script {
  return (ordinal) => [greeting, done][ordinal] ?? { lastWords };
}

/** Every attempt must end, well or with an error of ours. */
async function settle(work: Promise<unknown>): Promise<void> {
  const [outcome] = await within('an end', Promise.allSettled([work]));
  if (outcome.status === 'fulfilled') return;
  expect(isSluiceError(outcome.reason), String(outcome.reason)).toBe(true);
}

describe('a server that sends nonsense', () => {
  let fake: FakeServer;
  beforeAll(async () => {
    fake = await FakeServer.start();
  });
  afterAll(() => fake[Symbol.asyncDispose]());

  test('is told apart from one that makes sense', async () => {
    fake.script = answering(oneRow);
    await using session = await Session.connect(fake.url);
    expect(await session.query('SELECT')).toEqual({ rows: [{ x: 'a' }], rowCount: 1 });
  });

  /** Bytes that look like messages, for the most part. */
  const nonsense = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(
        fc.record({
          tag: fc.constantFrom(...'RSKZETDCINAGHWVdcnst123v?'.split('')),
          body: fc.oneof(
            fc.string(),
            fc.uint8Array().map((bytes) => Buffer.from(bytes)),
          ),
        }),
      )
      .map((messages) => Buffer.concat(messages.map(({ tag, body }) => message(tag, body)))),
    fc
      .tuple(fc.nat(), fc.nat(255), fc.constantFrom(greeting, oneRow))
      .map(([at, byte, valid]) =>
        Buffer.from(valid).fill(byte, at % valid.length, (at % valid.length) + 1),
      ),
  );

  test('while logging in gets a typed error, not a hang', async () => {
    await fc.assert(
      fc.asyncProperty(nonsense, async (bytes) => {
        fake.script = () => ({ lastWords: Buffer.concat([bytes, message('Z', 'I')]) });
        await settle(Session.connect(fake.url).then((session) => session.close()));
      }),
      { numRuns: 150 },
    );
  });

  test.each(['query', 'values', 'copyIn', 'copyOut', 'replication'])(
    'in reply to a %s gets a typed error',
    async (kind) => {
      const calls: Record<string, (session: Session) => Promise<unknown>> = {
        query: (session) => session.query('SELECT'),
        values: (session) => session.query('SELECT', []),
        copyIn: async (session) => (await session.copyIn('COPY')).end(),
        copyOut: (session) => session.copyOut('COPY', () => undefined),
        replication: async (session) => {
          const stream = await session.startReplication({
            slot: 's',
            from: lsn(0n),
            pluginOptions: {},
          });
          for await (const block of stream) expect(block.count).toBeGreaterThanOrEqual(0);
        },
      };
      const prefixes: Record<string, Buffer> = {
        copyIn: message('G', '\0\0\0'),
        copyOut: message('H', '\0\0\0'),
        replication: message('W', '\0\0\0'),
      };
      await fc.assert(
        fc.asyncProperty(nonsense, async (bytes) => {
          fake.script = answering(
            Buffer.concat([prefixes[kind] ?? Buffer.alloc(0), bytes, message('Z', 'I')]),
          );
          const session = await Session.connect(fake.url, { replication: kind === 'replication' });
          await settle(calls[kind]?.(session) ?? Promise.resolve());
          session.destroy();
          await session.closed;
        }),
        { numRuns: 60 },
      );
    },
  );

  test.each([
    ['a FATAL answer out of the blue', message('E', 'SFATAL\0C57P01\0Mgood bye\0\0'), '57P01'],
    ['a row that nobody asked for', message('D', '\0\0'), 'SESSION_UNEXPECTED'],
    ['a length beyond all bounds', Buffer.from('D\x7f\x7f\x7f\x7f'), 'PROTO_FRAME_LENGTH'],
  ])('%s ends an idle session', async (_, bytes, expected) => {
    fake.script = (ordinal) => (ordinal === 0 ? greeting : Buffer.concat([done, bytes]));
    const session = await Session.connect(fake.url);
    await within('the end', session.closed);
    const reason = await session.query('SELECT 1').catch((error: unknown) => error);
    expect(reason).toMatchObject(
      /^\d/.test(expected) ? { sqlstate: expected } : { code: expected },
    );
  });

  test('or withholds our settings is not worked with', async () => {
    fake.script = (ordinal) => (ordinal === 0 ? greeting : oneRow);
    await expect(Session.connect(fake.url)).rejects.toMatchObject({ code: 'SESSION_SETTINGS' });
  });

  test('or claims to have authenticated us in the middle of SCRAM is not believed', async () => {
    const offer = message('R', '\0\0\0\x0aSCRAM-SHA-256\0\0');
    fake.script = (ordinal) => (ordinal === 0 ? offer : greeting);
    const url = fake.url.replace('u@', 'u:secret@');
    await expect(Session.connect(url)).rejects.toMatchObject({ code: 'AUTH_SEQUENCE' });
  });

  test('or is ready without having authenticated us is not believed', async () => {
    fake.script = () => greeting.subarray(9); // without AuthenticationOk
    await expect(Session.connect(fake.url)).rejects.toMatchObject({ code: 'SESSION_UNEXPECTED' });
  });

  test('or answers the request for TLS with more than a byte is not trusted', async () => {
    await using eager = await FakeServer.start();
    eager.script = () => Buffer.concat([Buffer.from('S'), greeting]);
    const url = eager.url.replace('sslmode=disable', 'sslmode=require');
    await expect(Session.connect(url)).rejects.toMatchObject({ code: 'SESSION_TLS' });
  });
});

describe('a connection that breaks', () => {
  const server = postgres(anyMajor);

  /** What a session may be doing; each must reject with an error of ours when the network goes. */
  const occupations: Record<string, (session: Session) => Promise<unknown>> = {
    'a query': (session) => session.query('SELECT pg_sleep(60)'),
    'a pipeline': (session) =>
      Promise.all(Array.from({ length: 10 }, () => session.query('SELECT pg_sleep($1)', [60]))),
    'COPY out': (session) =>
      session.copyOut('COPY (SELECT generate_series(1, 1000000000)) TO STDOUT', () => undefined),
    'COPY in': async (session) => {
      await session.query('CREATE TEMP TABLE t (a int)');
      const copy = await session.copyIn('COPY pg_temp.t FROM STDIN');
      const rows = new MessageWriter().copyData(Buffer.from('1\n'.repeat(1000))).take();
      for (;;) await copy.write(rows);
    },
    'a stream': async (session) => {
      await createSlot(session, { name: 'broken', temporary: true, snapshot: 'nothing' });
      const stream = await session.startReplication({
        slot: 'broken',
        from: lsn(0n),
        pluginOptions: { proto_version: '1', publication_names: 'none' },
      });
      for await (const block of stream) expect(block.count).toBe(0);
    },
  };

  describe.each(Object.keys(occupations))('during %s', (occupation) => {
    test.each(['a reset', 'a lost server'])('by %s rejects, and nothing hangs', async (fault) => {
      const proxy = await startProxy({ port: server.port });
      const replication = occupation === 'a stream';
      const session = await Session.connect(proxy.url(server.url()), {
        purpose: 'test',
        replication,
      });
      const before = proxy.toServer.bytes;
      const work = occupations[occupation]?.(session) ?? Promise.resolve();
      const settled = expect(within('the end', work)).rejects.toSatisfy((error) =>
        isSluiceError(error),
      );
      await waitFor('the work to begin', () => proxy.toServer.bytes > before);
      if (fault === 'a reset') proxy.cut();
      else await server.query(`SELECT pg_terminate_backend(${session.backendPid})`);
      await settled;
      await session.closed;
      expect(session.isOpen).toBe(false);
      const lost = { decision: expect.stringMatching(/reconnect|fix/) };
      await expect(session.query('SELECT 1')).rejects.toMatchObject(lost);
      await session.close();
    });
  });

  test('at any byte of its beginning rejects', async () => {
    for (let bytes = 0; bytes < 600; bytes += 37) {
      const proxy = await startProxy({ port: server.port });
      proxy.toClient.cutAfter(bytes);
      const connecting = Session.connect(proxy.url(server.url()), { purpose: 'test' });
      const [outcome] = await within('an end', Promise.allSettled([connecting]));
      if (outcome.status === 'fulfilled') await outcome.value.close();
      else expect(isSluiceError(outcome.reason), String(outcome.reason)).toBe(true);
      await proxy.stop();
    }
  });

  test('while a pg client is idle, in a query or connecting rejects what it does next', async () => {
    const proxy = await startProxy({ port: server.port });
    const url = proxy.url(server.url());
    const idle = createPgClient(url, { purpose: 'test' });
    const busy = createPgClient(url, { purpose: 'test' });
    await Promise.all([idle.connect(), busy.connect()]);
    const slept = expect(busy.query('SELECT pg_sleep(60)')).rejects.toMatchObject({
      code: 'SESSION_LOST',
    });
    const ended = new Promise<void>((resolve) => idle.once('end', resolve));
    proxy.cut();
    await Promise.all([slept, within('the end', ended)]);
    await expect(idle.query('SELECT 1')).rejects.toThrow(Error);
    proxy.refuse();
    const refused = createPgClient(url, { purpose: 'test' }).connect();
    await expect(refused).rejects.toMatchObject({ code: 'SESSION_CONNECT' });
  });

  test('because the server was killed rejects, and a new one connects after its restart', async () => {
    const session = await Session.connect(server.url(), { purpose: 'test' });
    const slept = expect(session.query('SELECT pg_sleep(60)')).rejects.toSatisfy((error) =>
      isSluiceError(error),
    );
    await server.local.stop('immediate');
    await slept;
    await session.closed;
    await expect(Session.connect(server.url())).rejects.toMatchObject({
      code: 'SESSION_CONNECT',
      decision: 'reconnect',
    });
    await server.local.start();
    await (await Session.connect(server.url(), { purpose: 'test' })).close();
  });
});
