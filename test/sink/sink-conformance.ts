import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import type { Sink, SinkMessage } from '../../src/sink/index.ts';
import { waitFor, within, type Proxy } from '../kit/index.ts';

/** A message as the other side has it. */
export interface Arrived {
  readonly id: string;
  readonly key: string | null;
  readonly payload: string;
}

/** One kind of sink, with another side of its own, for one test. */
export interface SinkUnderTest {
  /** A new one each time, named alike: as after a restart of the process. */
  make(): Sink;
  /** Everything the other side holds durably, repetitions too, in its order. */
  arrived(): Promise<readonly Arrived[]>;
  /** The way there. */
  readonly proxy: Proxy;
  /** Ends the other side as a crash does, until `revive`; null where there is no such thing. */
  readonly other: { kill(): Promise<void>; revive(): Promise<void> } | null;
  /** A payload of this size must pass. */
  readonly largeBytes: number;
}

/** What every sink keeps. `prepare` is called once a test. */
export function describeSink(
  name: string,
  prepare: () => Promise<SinkUnderTest>,
  skipped: string | null = null,
): void {
  describe.skipIf(skipped !== null)(`${name} keeps the sink's contract`, () => {
    test('delivers blocks in order, and only then says so', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      await written(sink, messages(1, 50));
      expect(await ids(scene)).toEqual(inOrder(sink, idsOf(1, 50)));
      await written(sink, messages(51, 120));
      expect(await ids(scene)).toEqual(inOrder(sink, idsOf(1, 120)));
      await sink.stop();
    });

    test('blocks that are written at once arrive one behind the other', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      await Promise.all([
        written(sink, messages(1, 30)),
        written(sink, messages(31, 31)),
        written(sink, messages(32, 60)),
      ]);
      expect(await ids(scene)).toEqual(inOrder(sink, idsOf(1, 60)));
      await sink.stop();
    });

    test('carries large, empty and unicode payloads, keys and headers as they are', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      const large = Buffer.alloc(scene.largeBytes, 'l');
      const block = [
        message(1, { payload: Buffer.alloc(0) }),
        message(2, { payload: Buffer.from('grüße 😀\u0000\n'), key: 'ключ "1"\r\n\u0000' }),
        message(3, { payload: large, headers: { 'Sluice-Test': '100 % – größer' } }),
        message(4, { key: null, transaction: null, subject: ['a.b', 'Ünï *> '] }),
      ];
      await written(sink, block);
      const arrived = await scene.arrived();
      const byId = new Map(arrived.map((one) => [one.id, one]));
      for (const { id, key, payload } of block) {
        const one = byId.get(id);
        expect(one?.key, id).toBe(key);
        expect(one?.payload === Buffer.from(payload).toString('utf8'), id).toBe(true);
      }
      expect(arrived).toHaveLength(block.length);
      await sink.stop();
    });

    test('an empty block is written at once', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      await written(sink, []);
      expect(await ids(scene)).toEqual([]);
      await sink.stop();
    });

    test('what is sent again after a crash has the same ids', async () => {
      const scene = await prepare();
      const first = await started(scene);
      await written(first, messages(1, 40));
      scene.proxy.cut(); // nobody stops it: it never learns that it was done
      const second = await started(scene);
      await written(second, messages(21, 60));
      const arrived = await ids(scene);
      expect(new Set(arrived)).toEqual(new Set(idsOf(1, 60)));
      if (second.delivery.guarantee === 'effectively-once') expect(arrived).toHaveLength(60);
      expect(firsts(arrived)).toEqual(inOrder(second, idsOf(1, 60)));
      await Promise.all([first.stop(), second.stop()]);
    });

    test('cut again and again, it loses nothing and keeps the order', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      for (let from = 1; from < 200; from += 50) {
        scene.proxy.toServer.cutAfter(2_000 + from * 13);
        await written(sink, messages(from, from + 49));
        scene.proxy.toClient.cutAfter(300);
      }
      scene.proxy.toServer.cutAfter(Infinity);
      scene.proxy.toClient.cutAfter(Infinity);
      await expectAll(scene, sink, 199 + 1);
      await sink.stop();
    });

    test('a slow other side pushes back: nothing is said to have arrived, and little is under way', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      scene.proxy.toClient.stall();
      const settled: number[] = [];
      const writing = [1, 2, 3].map(async (block) => {
        await sink.write(messages(block * 2_000 - 1_999, block * 2_000));
        settled.push(block);
      });
      await waitFor('messages to be sent', async () => scene.proxy.toServer.bytes > 0);
      const before = scene.proxy.toServer.bytes;
      expect(settled).toEqual([]);
      scene.proxy.toClient.resume();
      await within('the blocks to be written', Promise.all(writing), 60_000);
      expect(settled).toEqual([1, 2, 3]);
      expect(before).toBeLessThan(scene.proxy.toServer.bytes / 2);
      await expectAll(scene, sink, 6_000);
      await sink.stop();
    });

    test('a dead other side is waited for', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      await written(sink, messages(1, 10));
      scene.proxy.refuse();
      scene.proxy.cut();
      const writing = sink.write(messages(11, 20));
      await waitFor('the sink to be in trouble', () => sink.trouble !== undefined);
      expect(await ids(scene)).toHaveLength(10);
      await scene.proxy.accept();
      await within('the block to be written', writing, 30_000);
      expect(sink.trouble).toBeUndefined();
      await expectAll(scene, sink, 20);
      await sink.stop();
    });

    test('an other side that is dead at the start is waited for', async () => {
      const scene = await prepare();
      scene.proxy.refuse();
      const sink = scene.make();
      sink.start();
      await waitFor('the sink to be in trouble', () => sink.trouble !== undefined);
      await scene.proxy.accept();
      await within('ready', sink.ready, 30_000);
      await written(sink, messages(1, 3));
      await expectAll(scene, sink, 3);
      await sink.stop();
    });

    test('an other side that crashes keeps what it acknowledged, and gets the rest', async () => {
      const scene = await prepare();
      if (scene.other === null) return;
      const sink = await started(scene);
      await written(sink, messages(1, 100));
      await scene.other.kill();
      const writing = sink.write(messages(101, 200));
      await waitFor('the sink to be in trouble', () => sink.trouble !== undefined);
      await scene.other.revive();
      await within('the block to be written', writing, 30_000);
      await expectAll(scene, sink, 200);
      await sink.stop();
    });

    test('a write ends when its signal aborts, and the next one goes on', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      scene.proxy.toClient.stall();
      const stop = new AbortController();
      const writing = sink.write(messages(1, 20), stop.signal);
      const waiting = sink.write(messages(1, 20), stop.signal);
      stop.abort();
      await expect(within('the write to end', writing)).rejects.toBe(stop.signal.reason);
      await expect(within('the one behind it', waiting)).rejects.toBe(stop.signal.reason);
      scene.proxy.toClient.resume();
      await written(sink, messages(1, 20));
      await expectAll(scene, sink, 20);
      await sink.stop();
    });

    test('stopping ends a write that cannot get on', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      scene.proxy.refuse();
      scene.proxy.cut();
      const writing = sink.write(messages(1, 20));
      const ended = expect(within('the write to end', writing)).rejects.toSatisfy(isStopped);
      await waitFor('the sink to be in trouble', () => sink.trouble !== undefined);
      await within('stop', sink.stop());
      await ended;
    });

    test('after a stop it takes nothing', async () => {
      const scene = await prepare();
      const sink = await started(scene);
      await within('stop', sink.stop());
      await expect(sink.write(messages(1, 1))).rejects.toSatisfy(isStopped);
      await expect(scene.make().stop()).resolves.toBeUndefined();
    });
  });
}

export function message(n: number, more: Partial<SinkMessage> = {}): SinkMessage {
  return {
    id: `orders:1:${n}`,
    subject: ['orders'],
    key: `k${n % 5}`,
    payload: Buffer.from(`payload ${n}`),
    headers: {},
    position: String(n),
    transaction: `tx${Math.ceil(n / 3)}`,
    ...more,
  };
}

export function messages(from: number, to: number): SinkMessage[] {
  return Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
}

async function started(scene: SinkUnderTest): Promise<Sink> {
  const sink = scene.make();
  sink.start();
  await within('the sink to be ready', sink.ready, 30_000);
  return sink;
}

async function written(sink: Sink, block: readonly SinkMessage[]): Promise<void> {
  await within('the block to be written', sink.write(block), 60_000);
}

async function ids(scene: SinkUnderTest): Promise<string[]> {
  return (await scene.arrived()).map(({ id }) => id);
}

function idsOf(from: number, to: number): string[] {
  return messages(from, to).map(({ id }) => id);
}

/** Everything came, in order; more than once only where that is not ruled out. */
async function expectAll(scene: SinkUnderTest, sink: Sink, count: number): Promise<void> {
  const arrived = await ids(scene);
  expect(firsts(arrived)).toEqual(inOrder(sink, idsOf(1, count)));
  if (sink.delivery.guarantee === 'effectively-once') expect(arrived).toHaveLength(count);
}

/** As a receiver has them that leaves out what it knows. */
function firsts(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

/** What a sink is to have delivered; one that keeps the order per key is compared key by key. */
function inOrder(sink: Sink, ids: readonly string[]): unknown {
  if (sink.delivery.order === 'total') return ids;
  return expect.toSatisfy(
    (given: readonly string[]) => perKey(given) === perKey(ids),
    'the same ids, in order for each key',
  );
}

function perKey(ids: readonly string[]): string {
  return JSON.stringify([...Map.groupBy(ids, keyOf)].toSorted(([a], [b]) => a - b));
}

function keyOf(id: string): number {
  return Number(id.split(':')[2]) % 5;
}

function isStopped(error: unknown): boolean {
  return isSluiceError(error, 'SERVICE_STOPPED');
}
