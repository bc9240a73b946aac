import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DurableLog, DurableQueue, type ValueFormat } from '../../src/stream/index.ts';
import { encodeFileHead, encodeRecord } from '../../src/stream/log-file.ts';
import type { Lsn } from '../../src/wire/index.ts';
import { temporaryFolder, waitFor, within } from '../kit/index.ts';
import {
  begin,
  block,
  commit,
  describeBlock,
  drain,
  endOf,
  insert,
  keepalive,
  relation,
  transaction,
} from './messages.ts';

interface Opened {
  readonly log: DurableLog;
  readonly queue: DurableQueue;
  readonly readFrom: Lsn;
  readonly confirmed: Lsn[];
  readonly close: () => Promise<void>;
}

const sizes = { maxBytes: 2 ** 30, memoryBytes: 2 ** 20, segmentBytes: 2 ** 20 };

async function openQueue(
  directory: string,
  position: Lsn,
  options: Partial<typeof sizes> & { format?: ValueFormat } = {},
): Promise<Opened> {
  const { maxBytes, format, ...queueOptions } = { ...sizes, format: 'binary' as const, ...options };
  const log = await DurableLog.open(directory, maxBytes);
  const confirmed: Lsn[] = [];
  const queue = new DurableQueue({ log, onDurable: (lsn) => confirmed.push(lsn), ...queueOptions });
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    queue.end();
    await queue.close();
  };
  onTestFinished(close);
  await queue.recover();
  return { log, queue, readFrom: await queue.begin(position, format), confirmed, close };
}

const logs = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .map((name) => join(directory, name));

/** Transactions 1 to `count`, each in a file of its own unless files may be larger. */
async function fill(directory: string, count: number, segmentBytes = 1): Promise<void> {
  const { queue, close } = await openQueue(directory, endOf(0), { segmentBytes });
  for (let n = 1; n <= count; n++) await queue.push(transaction(n));
  await close();
}

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

describe('recovering a durable queue', () => {
  test('gives the whole transactions, and reads on behind them', async () => {
    const directory = temporaryFolder();
    const first = await openQueue(directory, endOf(0));
    await first.queue.push(block(relation(7), begin(1), insert()));
    await first.queue.push(block(insert(), commit(1), begin(2)));
    await first.queue.push(block(insert(), commit(2), begin(3), insert()));
    await first.queue.push(block(insert()));
    await first.close();
    const second = await openQueue(directory, endOf(0));
    expect(second.readFrom).toBe(endOf(2));
    await second.queue.push(block(begin(3), insert(), insert(), commit(3)));
    second.queue.end();
    const all = ['R7', 'B1', 'I', 'I', 'C1', 'B2', 'I', 'C2', 'B3', 'I', 'I', 'C3'];
    expect(await drain(second.queue)).toEqual(all);
    await second.close();
    // The beginning of transaction 3 that the first one left was cut off: it would be damage now.
    const third = await openQueue(directory, endOf(0));
    expect(logs(directory)).toHaveLength(2);
    third.queue.end();
    expect(await drain(third.queue)).toEqual(all);
  });

  test.each([
    ['of its own', 1],
    ['behind others', sizes.segmentBytes],
  ])(
    'takes a torn end of the last file for the end: a transaction %s',
    async (_where, segmentBytes) => {
      const directory = temporaryFolder();
      await fill(directory, 3, segmentBytes);
      const last = logs(directory).at(-1)!;
      truncateSync(last, statSync(last).size - 3);
      const again = await openQueue(directory, endOf(0));
      expect(again.readFrom).toBe(endOf(2));
      await again.queue.push(transaction(3));
      await again.close();
      expect((await openQueue(directory, endOf(0))).readFrom).toBe(endOf(3));
    },
  );

  test.each([
    ['a record of an older file', (path: string) => flipByte(path, 40)],
    ['the head of an older file', (path: string) => flipByte(path, 10)],
    ['the end of an older file', (path: string) => truncateSync(path, statSync(path).size - 1)],
    ['what follows in an older file', (path: string) => appendFileSync(path, Buffer.alloc(50, 7))],
    ['an older file', (path: string) => rmSync(path)],
  ])('stops when %s is damaged', async (_what, damage) => {
    const directory = temporaryFolder();
    await fill(directory, 3);
    damage(logs(directory)[1]!);
    await expect(openQueue(directory, endOf(0))).rejects.toMatchObject({
      code: 'STREAM_SPILL_DAMAGED',
      decision: 'stop',
    });
  });

  test('stops when files hold values in different formats', async () => {
    const directory = temporaryFolder();
    await fill(directory, 2);
    const last = logs(directory).at(-1)!;
    const head = encodeFileHead({ from: endOf(1), format: 'text' });
    writeFileSync(last, Buffer.concat([head, readFileSync(last).subarray(head.length)]));
    await expect(openQueue(directory, endOf(0))).rejects.toMatchObject({
      code: 'STREAM_SPILL_DAMAGED',
    });
  });

  test('goes on in the format of its values, and in another once these are in the target', async () => {
    const directory = temporaryFolder();
    await fill(directory, 2);
    const { queue, close } = await openQueue(directory, endOf(0));
    expect(queue.heldFormat(endOf(0))).toBe('binary');
    expect(queue.heldFormat(endOf(2))).toBeNull();
    expect(await queue.shift()).not.toBeNull();
    expect(await queue.shift()).not.toBeNull();
    expect(await queue.begin(endOf(2), 'text')).toBe(endOf(2));
    await queue.push(transaction(3));
    await close();
    await expect(openQueue(directory, endOf(2))).rejects.toThrow(
      'a spill of text values is not continued in binary',
    );
    const again = await openQueue(directory, endOf(2), { format: 'text' });
    expect(again.queue.heldFormat(endOf(2))).toBe('text');
    again.queue.end();
    expect(await drain(again.queue)).toEqual(['B3', 'I', 'C3']);
  });

  test('stops when it begins behind what the target has', async () => {
    const directory = temporaryFolder();
    await fill(directory, 3);
    rmSync(logs(directory)[0]!);
    await expect(openQueue(directory, endOf(0))).rejects.toMatchObject({
      code: 'STREAM_SPILL_DAMAGED',
    });
    expect((await openQueue(directory, endOf(1))).readFrom).toBe(endOf(3));
  });

  test('begins anew where the target is ahead: nobody can tell later that nothing was in between', async () => {
    const directory = temporaryFolder();
    await fill(directory, 2);
    const { queue, readFrom, close } = await openQueue(directory, endOf(5));
    expect(readFrom).toBe(endOf(5));
    await queue.push(transaction(6));
    queue.end();
    expect(await drain(queue)).toEqual(['B6', 'I', 'C6']);
    await close();
    expect((await openQueue(directory, endOf(5))).readFrom).toBe(endOf(6));
  });

  test('leaves out what is there twice, but not the relations described with it', async () => {
    const directory = temporaryFolder();
    const { queue, close } = await openQueue(directory, endOf(0));
    await queue.push(transaction(1));
    await queue.push(block(begin(1), relation(7), insert()));
    await queue.push(block(commit(1), begin(2), insert(), commit(2)));
    await close();
    const again = await openQueue(directory, endOf(0));
    again.queue.end();
    expect(await drain(again.queue)).toEqual(['B1', 'I', 'C1', 'R7', 'B2', 'I', 'C2']);
  });
});

describe('a durable queue', () => {
  test('drops what comes after its end', async () => {
    const { queue, log } = await openQueue(temporaryFolder(), endOf(0));
    await queue.push(transaction(1));
    const { usedBytes } = log;
    queue.end();
    await queue.push(transaction(2));
    await queue.push(keepalive(900n));
    expect(log.usedBytes).toBe(usedBytes);
    expect(await drain(queue)).toEqual(['B1', 'I', 'C1']);
  });

  test('keeps only the last keepalive', async () => {
    const { queue } = await openQueue(temporaryFolder(), endOf(0));
    await queue.push(transaction(1));
    for (let i = 0n; i < 1000n; i++) await queue.push(keepalive(200n + i));
    expect(describeBlock((await queue.shift())!)).toEqual(['B1', 'I', 'C1']);
    expect(describeBlock((await queue.shift())!)).toEqual(['K1199']);
    expect(queue.isEmpty).toBe(true);
  });

  test('reads back what memory does not hold, also while it grows', async () => {
    const { queue } = await openQueue(temporaryFolder(), endOf(0), { memoryBytes: 0 });
    const found: string[] = [];
    for (let n = 1; n <= 20; n++) {
      await queue.push(transaction(n));
      await queue.push(keepalive(endOf(n)));
      if (n % 3 === 0) found.push(...describeBlock((await queue.shift())!));
    }
    queue.end();
    found.push(...(await drain(queue)));
    const all = Array.from({ length: 20 }, (_, i) => [`B${i + 1}`, 'I', `C${i + 1}`]).flat();
    expect(found).toEqual([...all, 'K2000']);
  });

  test('removes files in the target, also one that holds no whole transaction', async () => {
    const directory = temporaryFolder();
    await fill(directory, 2);
    const { queue, log } = await openQueue(directory, endOf(0), { segmentBytes: 1 });
    const segment = await log.rotate(endOf(2), 'binary');
    await log.append(segment, await encodeRecord(block(begin(3), insert())), null);
    for (let n = 3; n <= 5; n++) await queue.push(transaction(n));
    expect(logs(directory)).toHaveLength(6);
    for (let n = 1; n <= 4; n++) await queue.shift();
    await queue.forget(endOf(4));
    expect(logs(directory)).toHaveLength(1);
  });

  test('does not remove a file that is still to be read', async () => {
    const directory = temporaryFolder();
    await fill(directory, 3);
    // The target has it, but the queue cannot take a part of what it handed on back.
    const { queue } = await openQueue(directory, endOf(2));
    await queue.forget(endOf(2));
    queue.end();
    expect(await drain(queue)).toEqual(['B1', 'I', 'C1', 'B2', 'I', 'C2', 'B3', 'I', 'C3']);
    await queue.forget(endOf(2));
    expect(logs(directory)).toHaveLength(1);
  });

  test('that is full waits until what it holds is in the target', async () => {
    const bounds = { maxBytes: 10_000, segmentBytes: 1000, memoryBytes: 0 };
    const { queue } = await openQueue(temporaryFolder(), endOf(0), bounds);
    let pushed = 0;
    const pushing = (async () => {
      for (let n = 1; n <= 30; n++, pushed++) await queue.push(transaction(n, 900));
    })();
    await waitFor('the queue to be full', () => pushed >= 8);
    for (let n = 1; n <= 30; n++) {
      expect(describeBlock((await queue.shift())!)).toEqual([`B${n}`, 'I', `C${n}`]);
      expect(pushed - n).toBeLessThan(11);
      await queue.forget(endOf(n));
    }
    await pushing;
  });

  test('that was full when it was left goes on once that is in the target', async () => {
    const directory = temporaryFolder();
    const first = await openQueue(directory, endOf(0));
    for (let n = 1; n <= 4; n++) await first.queue.push(transaction(n, 900));
    await first.close();
    const { queue } = await openQueue(directory, endOf(0), { maxBytes: 3000 });
    const pushing = queue.push(transaction(5, 900));
    for (let n = 1; n <= 4; n++) await queue.shift();
    await queue.forget(endOf(4));
    await within('the fifth transaction to be taken', pushing);
  });

  test('refuses a transaction that is too large for all of it', async () => {
    const { queue } = await openQueue(temporaryFolder(), endOf(0), { maxBytes: 5000 });
    await queue.push(block(begin(1)));
    const pushing = (async () => {
      for (let i = 0; i < 10; i++) await queue.push(block(insert(900)));
    })();
    await expect(within('the refusal', pushing)).rejects.toMatchObject({
      code: 'STREAM_SPILL_FULL',
    });
  });

  test('that waits for room stops at once', async () => {
    const bounds = { maxBytes: 3000, segmentBytes: 500 };
    const { queue } = await openQueue(temporaryFolder(), endOf(0), bounds);
    let pushed = 0;
    const pushing = (async () => {
      for (let n = 1; n <= 10; n++, pushed++) await queue.push(transaction(n, 900));
    })();
    await waitFor('the queue to be full', () => pushed >= 2);
    queue.end();
    await within('the writer to be let go', pushing);
  });

  test('tells the writer and the reader when the disk fails', async () => {
    const { queue, log } = await openQueue(temporaryFolder(), endOf(0));
    log.sync = () => Promise.reject(new Error('the disk is gone'));
    await queue.push(transaction(1));
    await waitFor('the queue to end', () => queue.isEnded);
    await expect(queue.push(transaction(2))).rejects.toThrow('the disk is gone');
    await queue.shift();
    await expect(queue.shift()).rejects.toThrow('the disk is gone');
  });

  test('confirms what is on disk', async () => {
    const { queue, confirmed } = await openQueue(temporaryFolder(), endOf(0));
    await queue.push(transaction(1));
    await queue.push(block(begin(2), insert()));
    await waitFor('the confirmation', () => confirmed.at(-1) === endOf(1));
  });
});

test('reads the name of a spill that was there, and makes one where there is none', async () => {
  const directory = temporaryFolder();
  const made = await DurableLog.open(directory, 1);
  expect(made.id).toMatch(/^[\da-f-]{36}$/);
  expect((await DurableLog.open(directory, 1)).id).toBe(made.id);
  expect(readdirSync(directory)).toEqual(['spill-id']);
});
