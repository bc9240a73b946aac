import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Leg, legSocket, takeConnections } from '../../src/pool/leg.ts';
import { finishRound } from '../../src/pool/write-round.ts';
import { MessageBuffer } from '../../src/wire/index.ts';
import { portOf, waitFor } from '../kit/index.ts';

const nobody = { onBytes: () => undefined, onDrain: () => undefined, onClosed: () => undefined };
const from = { kind: 'tcp', ip: '127.0.0.1', port: 1 } as const;

const out = new MessageBuffer();
const text = (bytes: string): MessageBuffer => {
  out.bytes(Buffer.from(bytes));
  return out;
};

/** A leg as the listener makes them, and its peer. */
async function connected(side: 'client' | 'server', log: string[] = []) {
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => {
    server.once('listening', () => takeConnections(server, resolve));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = legSocket().connect(portOf(server), '127.0.0.1');
  await once(peer, 'connect');
  const leg = new Leg(await accepted, nobody, side === 'client' ? from : null);
  const heard: Buffer[] = [];
  const peerLeg = new Leg(peer, {
    ...nobody,
    onBytes: (bytes, length) => {
      heard.push(Buffer.from(bytes.subarray(0, length)));
      log.push(`${side} ${bytes.toString('latin1', 0, Math.min(length, 20))}`);
    },
  });
  onTestFinished(() => {
    leg.destroy();
    peerLeg.destroy();
    server.close();
  });
  return { leg, peer: peerLeg, heard: () => Buffer.concat(heard) };
}

test('what is written in one round goes out at its end, to servers first', async () => {
  const log: string[] = [];
  const [client, server] = [await connected('client', log), await connected('server', log)];
  client.leg.write(text('an '));
  client.leg.write(text('answer'));
  server.leg.write(text('a request'));
  expect(client.leg.unwrittenBytes).toBe(9);
  expect(client.leg.isMovable).toBe(false);
  finishRound();
  expect(client.leg.unwrittenBytes).toBe(0);
  await waitFor('both', () => log.length === 2);
  expect(log).toEqual(['server a request', 'client an answer']);
});

test('without anybody who asks, a round ends by itself', async () => {
  const { leg, heard } = await connected('client');
  leg.write(text('an answer'));
  await waitFor('the answer', () => heard().toString() === 'an answer');
});

test.each(['end', 'destroy'] as const)('what was written before %s arrives', async (how) => {
  const { leg, heard } = await connected('client');
  leg.write(text('the last words'));
  leg[how]();
  await waitFor('the last words', () => heard().toString() === 'the last words');
});

test('a peer that does not read gets everything in order once it does', async () => {
  const { leg, peer, heard } = await connected('client');
  peer.pause();
  const said: Buffer[] = [];
  const say = (size: number, byte: number, how: 'put off' | 'own' | 'at once'): void => {
    const piece = Buffer.alloc(size, byte);
    said.push(piece);
    if (how === 'own') leg.writeOwn(piece);
    else {
      out.bytes(piece);
      leg.write(out);
    }
    if (how === 'at once') finishRound();
  };
  for (let i = 0; i < 2000; i++) {
    say(1 + ((i * 7919) % 15_000), i % 251, i % 5 === 0 ? 'at once' : 'put off');
    if (i % 10 === 0) say(50_000, i % 251, 'put off');
    if (i % 33 === 0) say(10, i % 251, 'own');
    if (i % 50 === 0) await new Promise(setImmediate);
  }
  expect(leg.isFull).toBe(true);
  peer.resume();
  const all = Buffer.concat(said);
  await waitFor('all of it', () => heard().length === all.length);
  expect(heard().equals(all)).toBe(true);
  expect(leg.unwrittenBytes).toBe(0);
});

test('what a socket that is gone has not written reaches nobody else', async () => {
  const { leg } = await connected('client');
  leg.write(text('for nobody'));
  leg.socket.destroy();
  // The next one gets the number that the other's descriptor had.
  const others = await Promise.all(Array.from({ length: 20 }, () => connected('client')));
  finishRound();
  leg.write(text('nor this'));
  for (const { leg: other } of others) other.write(text('hello'));
  for (const { heard } of others) await waitFor('hello', () => heard().toString() === 'hello');
});
