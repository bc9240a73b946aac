import { expect, test } from 'vitest';
import { byteByByte, ended, frame, openPipeline, postgres, waitFor } from '../../kit/index.ts';
import type { PipelineClient } from '../../kit/index.ts';
import { startScene, type Scene } from '../scene.ts';

const server = postgres();

async function scene(): Promise<Scene> {
  return startScene({ databases: { app: server.url() } });
}

async function raw(pool: Scene, options: object = {}): Promise<PipelineClient> {
  return openPipeline(pool.port, { user: 'postgres', database: 'pgbouncer', ...options });
}

test('a pipeline of several commands in one write is answered in order', async () => {
  const client = await raw(await scene());
  const replies = await client.ask(
    (w) =>
      w
        .parse('s', 'SHOW STATE')
        .bind('', 's', [])
        .describe('statement', 's')
        .execute('')
        .sync()
        .query('PAUSE nope')
        .query('RESUME'),
    3,
  );
  expect(replies.map((reply) => reply[0]).join('')).toBe('12tTDDDCZEZEZ');
});

test('messages may come byte by byte', async () => {
  const client = await raw(await scene(), { split: byteByByte });
  const replies = await client.ask((w) => w.query('SHOW STATE'));
  expect(replies.map((reply) => reply[0]).join('')).toBe('TDDDCZ');
});

test('a portal gives its rows in portions, until Sync ends it', async () => {
  const client = await raw(await scene());
  const replies = await client.ask(
    (w) =>
      w
        .parse('', 'SHOW STATE')
        .bind('p', '', [])
        .execute('p', 2)
        .execute('p', 2)
        .sync()
        .execute('p', 2)
        .sync(),
    2,
  );
  expect(replies.map((reply) => reply[0]).join('')).toBe('12DDsDCZEZ');
});

test('a name that is taken or unknown is an error of its own, and skips up to Sync', async () => {
  const client = await raw(await scene());
  const codes: string[] = [];
  for (const message of [
    await client.ask((w) => w.parse('s', 'RELOAD').parse('s', 'RELOAD').execute('').sync()),
    await client.ask((w) => w.bind('', 'nobody', []).execute('').sync()),
    await client.ask((w) => w.execute('nobody').execute('').sync()),
    await client.ask((w) =>
      w.close('statement', 's').parse('s', '').bind('', 's', []).execute('').sync(),
    ),
  ]) {
    codes.push(message.map((reply) => reply[0]).join(''));
  }
  expect(codes).toEqual(['1EZ', 'EZ', 'EZ', '312IZ']);
  expect(client.errors.map(({ sqlstate }) => sqlstate)).toEqual(['42P05', '26000', '34000']);
});

test.each([
  ['a giant length', Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff])],
  ['a length of nothing', Buffer.from([0x51, 0, 0, 0, 0])],
  ['a type that there is not', frame('!', 'x')],
])('%s ends the connection with an error, and only this one', async (_what, bytes) => {
  const pool = await scene();
  const [bad, good] = [await raw(pool), await raw(pool)];
  const replies = await bad.ask(bytes, ended);
  expect(replies.at(-1)).toBe(ended);
  expect(bad.errors[0]).toMatchObject({ severity: 'FATAL', sqlstate: '08P01' });
  expect(await good.ask((w) => w.query('SHOW STATE'))).toHaveLength(6);
  await waitFor('the session to be forgotten', () => pool.consoles.sessions.size === 1);
});

test('a message that is cut short is an error, and the session goes on', async () => {
  const client = await raw(await scene());
  for (const bytes of [frame('Q', 'no end'), frame('B', 'p\0'), frame('E', 'p'), frame('D')]) {
    const replies = await client.ask(Buffer.concat([bytes, frame('S')]), 'Z');
    expect(replies[0]?.[0]).toBe('E');
    if (bytes[0] === 0x51) await client.ask(Buffer.alloc(0), 'Z'); // Sync's own
  }
  expect(await client.ask((w) => w.query('SHOW STATE'))).toHaveLength(6);
});

test('an operator that vanishes in the middle of a command is forgotten', async () => {
  const pool = await scene();
  const client = await raw(pool);
  client.socket.write(frame('Q', 'SHOW STATE\0'));
  client.vanish();
  await waitFor('the session to be forgotten', () => pool.consoles.sessions.size === 0);
});
