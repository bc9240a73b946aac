import { connect } from 'node:net';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { MessageWriter, ProtocolVersion } from '../../../src/wire/index.ts';
import {
  byteByByte,
  ended,
  openPipeline,
  PipelineClient,
  postgres,
  waitFor,
} from '../../kit/index.ts';
import { writeServerFiles } from '../../session/server-files.ts';
import { startScene } from '../scene.ts';
import { outerMajors, startPair, type Pair } from './pair.ts';
import { clientTls } from './tls.ts';

describe.each(outerMajors)('startup, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 26: a newer protocol and unknown options are negotiated down, once', async () => {
    const pair = await startPair(server);
    const newer = 0x0003_0000 + 9999;
    const greeting = (
      await pair.pooled({ version: newer, parameters: { '_pq_.test_protocol_negotiation': '' } })
    ).greeting;
    expect(greeting.filter((reply) => reply === 'v')).toHaveLength(1);
    expect(greeting[0]).toBe('v');
    expect(greeting.at(-1)).toBe('Z:I');
    const known = (await pair.pooled({ version: ProtocolVersion.v3_2 })).greeting;
    expect(known).not.toContain('v');
    const option = (await pair.pooled({ parameters: { '_pq_.x': '1' } })).greeting;
    expect(option.filter((reply) => reply === 'v')).toHaveLength(1);
    expect((await pair.pooled({ version: newer })).key.key).toHaveLength(32);
  });

  test('case 26: ... and what is no protocol of ours is refused', async () => {
    const pair = await startPair(server);
    for (const version of [0x0002_0000, 0x0004_0000, 0]) {
      const client = await PipelineClient.connect(pair.scene.port, { version });
      expect(await client.login()).toEqual(['F:08P01']);
    }
  });

  test('case 27: requests for encryption in either order, refused and accepted', async () => {
    const plain = await startPair(server);
    await expectAnswers(plain, ['N', 'N'], (w) => [
      w.sslRequest().take(),
      w.gssEncRequest().take(),
    ]);
    await expectAnswers(plain, ['N', 'N'], (w) => [
      w.gssEncRequest().take(),
      w.sslRequest().take(),
    ]);
    const secure = await startPair(server, { settings: await clientTls() });
    await expectAnswers(secure, ['N', 'S'], (w) => [
      w.gssEncRequest().take(),
      w.sslRequest().take(),
    ]);
    const client = await openPipeline(secure.scene.port, { database: 'app', tls: 'request' });
    expect(await client.ask((w) => w.query('SELECT 27'))).toContain('D:27');
  });

  test('case 27: bytes behind the request, sent in clear, end the connection', async () => {
    const pair = await startPair(server, { settings: await clientTls() });
    for (const request of ['sslRequest', 'gssEncRequest'] as const) {
      const client = await PipelineClient.connect(pair.scene.port);
      const startup = { user: 'postgres', database: 'app' };
      await client.send((w) =>
        w[request]().startup(ProtocolVersion.v3_0, startup).query('SELECT 1'),
      );
      expect(await client.until(ended)).not.toContain('D:1');
      expect(pair.pooler.clients.size).toBe(0);
    }
  });

  test('case 28: TLS from the first byte, with ALPN', async () => {
    const pair = await startPair(server, { settings: await clientTls() });
    const client = await openPipeline(pair.scene.port, { database: 'app', tls: 'direct' });
    expect(await client.ask((w) => w.query('SELECT 28'))).toContain('D:28');
    const { port } = pair.scene;
    for (const options of [{}, { ALPNProtocols: ['http/1.1'] }]) {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
      socket.on('error', () => undefined);
      socket.on('secureConnect', () =>
        socket.write(
          new MessageWriter()
            .startup(ProtocolVersion.v3_0, { user: 'postgres', database: 'app' })
            .take(),
        ),
      );
      const said: Buffer[] = [];
      socket.on('data', (chunk) => said.push(chunk));
      await new Promise((resolve) => socket.once('close', resolve));
      expect(Buffer.concat(said).includes('server_version')).toBe(false);
    }
    const plain = await startPair(server);
    await expect(
      openPipeline(plain.scene.port, { database: 'app', tls: 'direct' }),
    ).rejects.toThrow();
    await waitFor('its connection to be gone', () => plain.pooler.handshakes.size === 0);
  });

  test('case 29: SCRAM on both legs, each its own, with and without TLS', async () => {
    await server.query(
      "SET password_encryption = 'scram-sha-256'; DROP ROLE IF EXISTS scrammed; CREATE ROLE scrammed LOGIN PASSWORD 'right'",
    );
    const [row] = await server.query(
      "SELECT rolpassword AS secret FROM pg_authid WHERE rolname = 'scrammed'",
    );
    const hba =
      'host all scrammed all scram-sha-256\nlocal all all trust\nhost all all all trust\nlocal replication all trust\nhost replication all all trust\n';
    await writeServerFiles(server, { 'pg_hba.conf': hba });
    await server.query('SELECT pg_reload_conf()');
    const tls = await clientTls();
    for (const stored of ['right', String(row!['secret'])]) {
      const database = await server.database();
      const scene = await startScene({
        databases: { app: database.url },
        settings: { pool_mode: 'transaction', auth_type: 'scram-sha-256', ...tls },
        userlist: `"scrammed" "${stored}"\n`,
      });
      for (const how of [undefined, 'request', 'direct'] as const) {
        const options = { database: 'app', user: 'scrammed', ...(how && { tls: how }) };
        const client = await openPipeline(scene.port, { ...options, password: 'right' });
        expect(await client.ask((w) => w.query('SELECT current_user'))).toContain('D:scrammed');
        const wrong = await PipelineClient.connect(scene.port, { ...options, password: 'wrong' });
        expect((await wrong.login()).at(-1)).toMatch(/^F:/);
      }
      await scene.close();
    }
  });

  test('case 31: settings in options, as PostgreSQL reads them', async () => {
    const pair = await startPair(server, {
      settings: { track_extra_parameters: 'IntervalStyle, search_path' },
    });
    for (const options of [
      '-c DateStyle=German -cIntervalStyle=iso_8601 --TimeZone=Asia/Tokyo',
      '  -c   application_name=with\\ a\\ blank --client-encoding=LATIN1  ',
      '-c application_name=back\\\\slash',
    ]) {
      const show =
        'SHOW DateStyle; SHOW IntervalStyle; SHOW TimeZone; SHOW application_name; SHOW client_encoding';
      const direct = await pair.direct({ parameters: { options } });
      const pooled = await pair.pooled({ parameters: { options } });
      const [wanted, got] = await Promise.all(
        [direct, pooled].map((client) => client.ask((w) => w.query(show))),
      );
      // The pool tells how the server spells a value once it has a server.
      expect(got!.filter((reply) => !reply.startsWith('S:'))).toEqual(wanted);
      await Promise.all([direct.close(), pooled.close()]);
    }
  });

  test('case 31: options that a pool cannot carry are refused, or ignored where asked for', async () => {
    const pair = await startPair(server);
    for (const parameters of [
      { options: '-c work_mem=1MB' },
      { options: '-N 5' },
      { work_mem: '1MB' },
    ]) {
      const client = await PipelineClient.connect(pair.scene.port, { database: 'app', parameters });
      expect(await client.login()).toEqual(['F:08P01']);
    }
    const lenient = await startPair(server, {
      settings: { ignore_startup_parameters: 'work_mem, options' },
    });
    const client = await lenient.pooled({
      parameters: { work_mem: '1MB', options: '-c whatever' },
    });
    expect(await client.ask((w) => w.query('SELECT 1'))).toContain('D:1');
  });

  test("case 32: the connection that asks for a user's secret has nothing of the client's", async () => {
    await server.query('DROP ROLE IF EXISTS asker; CREATE ROLE asker SUPERUSER LOGIN');
    const database = await server.database(`
      CREATE SCHEMA evil;
      CREATE FUNCTION evil.pg_authid_of(name text) RETURNS TABLE (usename text, passwd text)
        LANGUAGE sql AS $$SELECT name, 'chosen by the attacker'::text$$;
      CREATE FUNCTION public.pg_authid_of(name text) RETURNS TABLE (usename text, passwd text)
        LANGUAGE sql AS $$SELECT rolname::text, rolpassword FROM pg_authid WHERE rolname = name$$`);
    await server.query("DROP ROLE IF EXISTS victim; CREATE ROLE victim LOGIN PASSWORD 'right'");
    const scene = await startScene({
      databases: { app: database.url },
      settings: {
        pool_mode: 'transaction',
        auth_type: 'plain',
        auth_user: 'asker',
        auth_query:
          "SELECT usename, CASE WHEN passwd LIKE 'SCRAM%' THEN 'right' ELSE passwd END FROM pg_authid_of($1)",
        track_extra_parameters: 'search_path',
        ignore_startup_parameters: 'extra_float_digits',
      },
      userlist: '"asker" ""\n',
    });
    const attack = {
      database: 'app',
      user: 'victim',
      parameters: { search_path: 'evil, public', options: '-c search_path=evil,public' },
    };
    const attacker = await PipelineClient.connect(scene.port, {
      ...attack,
      password: 'chosen by the attacker',
    });
    expect((await attacker.login()).at(-1)).toMatch(/^F:/);
    const victim = await PipelineClient.connect(scene.port, { ...attack, password: 'right' });
    const greeting = await victim.login();
    // Older servers do not report search_path: a pool could not keep it from the next client.
    if (major < 18) expect(greeting).toContain('F:08P01');
    else expect(await victim.ask((w) => w.query('SHOW search_path'))).toContain('D:evil,public');
  });

  test('case 43: a password larger than any buffer, byte by byte too', async () => {
    const password = 'p'.repeat(60_000);
    const database = await server.database();
    const scene = await startScene({
      databases: { app: database.url },
      settings: { auth_type: 'plain' },
      userlist: `"postgres" "${password}"\n`,
    });
    const client = await openPipeline(scene.port, { database: 'app', password });
    expect(await client.ask((w) => w.query('SELECT 43'))).toContain('D:43');
    const slow = await openPipeline(scene.port, {
      database: 'app',
      password,
      split: (bytes) => [bytes.subarray(0, 1), bytes.subarray(1, 40_000), bytes.subarray(40_000)],
    });
    expect(await slow.ask((w) => w.query('SELECT 43'))).toContain('D:43');
    const wrong = await PipelineClient.connect(scene.port, {
      database: 'app',
      password: `${password}!`,
    });
    expect((await wrong.login()).at(-1)).toMatch(/^F:/);
    const endless = await PipelineClient.connect(scene.port, { database: 'app' });
    await endless.send((w) =>
      w.startup(ProtocolVersion.v3_0, { user: 'postgres', database: 'app' }),
    );
    await endless.until('R');
    await endless.sendBytes(Buffer.alloc(300_000, 'p'));
    expect(await endless.until(ended)).toContain('F:08P01');
  });

  test('a startup message byte by byte, and requests right behind it', async () => {
    const pair = await startPair(server);
    const slow = await pair.pooled({ split: byteByByte });
    expect(await slow.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    const eager = await PipelineClient.connect(pair.scene.port);
    await eager.send((w) =>
      w
        .startup(ProtocolVersion.v3_0, { user: 'postgres', database: 'app' })
        .query('SELECT 2')
        .query('SELECT 3'),
    );
    expect((await eager.until(3)).filter((reply) => reply.startsWith('D:'))).toEqual([
      'D:2',
      'D:3',
    ]);
  });

  test('a slow login is ended after client_login_timeout, wherever it has come to', async () => {
    const pair = await startPair(server, { settings: { client_login_timeout: 1 } });
    const startup = new MessageWriter()
      .startup(ProtocolVersion.v3_0, { user: 'postgres', database: 'app' })
      .take();
    const silent = await PipelineClient.connect(pair.scene.port);
    const halfway = await PipelineClient.connect(pair.scene.port);
    await halfway.sendBytes(startup.subarray(0, 10));
    const dripping = await PipelineClient.connect(pair.scene.port);
    const drip = setInterval(() => dripping.socket.write(startup.subarray(0, 1)), 200);
    const [a, b, c] = await Promise.all(
      [silent, halfway, dripping].map((client) => client.until(ended)),
    );
    clearInterval(drip);
    expect([a, b]).toEqual([
      ['F:08P01', ended],
      ['F:08P01', ended],
    ]);
    expect(c!.at(-1)).toBe(ended);
    expect(pair.pooler.handshakes.size).toBe(0);
  });

  test('malformed startup packets are refused, whatever they are', async () => {
    const pair = await startPair(server);
    const packets = [
      int32s(0),
      int32s(4),
      int32s(7, 0),
      int32s(-1),
      int32s(0x7fff_ffff, 196_608),
      int32s(10_001, 196_608),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.concat([int32s(12, 196_608), Buffer.from('user')]),
      Buffer.concat([int32s(9, 196_608), Buffer.from('\0')]),
      Buffer.concat([int32s(14, 196_608), Buffer.from('user\0\0')]),
      Buffer.concat([int32s(12, 80_877_102), int32s(1)]),
      Buffer.concat([int32s(20, 80_877_103), Buffer.alloc(12)]),
      Buffer.alloc(64, 0xff),
    ];
    for (const packet of packets) {
      const client = await PipelineClient.connect(pair.scene.port);
      await client.sendBytes(packet);
      client.socket.end();
      const said = await client.until(ended);
      expect(said.every((reply) => reply === ended || reply.startsWith('F:'))).toBe(true);
    }
    expect(pair.pooler.handshakes.size).toBe(0);
    expect(await (await pair.pooled()).ask((w) => w.query('SELECT 1'))).toContain('D:1');
  });
});

function int32s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeInt32BE(value, i * 4);
  return bytes;
}

/** The one-byte answers to packets that are sent one after the other. */
async function expectAnswers(
  pair: Pair,
  answers: readonly string[],
  write: (writer: MessageWriter) => Buffer[],
): Promise<void> {
  const socket = connect({ port: pair.scene.port, host: '127.0.0.1' });
  const got: string[] = [];
  for (const packet of write(new MessageWriter())) {
    socket.write(packet);
    const [chunk]: Buffer[] = await once(socket, 'data');
    got.push(String(chunk));
  }
  expect(got).toEqual(answers);
  socket.destroy();
}
