import type { Bench, Measured, Side } from '../kit/bench.ts';

const lengths = [8, 24, 40, 64, 256];
const copies = 1000;
const from = Buffer.alloc(copies * 300);
const to = Buffer.alloc(copies * 300);

/** Why put-bytes.ts copies short values by a loop. Compares the two ways, not us with somebody. */
const bench: Bench = {
  name: 'wire-put-bytes',
  about:
    'Nanoseconds to copy one value of so many bytes into an output buffer: a loop over the bytes ' +
    '("ours" for short values) and Buffer.copy (for longer ones). They meet at 40 to 50 bytes.',
  runs: 5,
  comparisons: lengths.map((length) => ({
    metric: `${length} bytes`,
    unit: 'ns',
    better: 'lower',
    peer: 'Buffer.copy',
  })),
  setUp: () =>
    Promise.resolve({
      ours: sideOf('loop', copyByLoop),
      peers: [sideOf('Buffer.copy', copyByCall)],
      versions: {},
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};
export default bench;

function sideOf(name: string, copy: (length: number) => void): Side {
  const measure = (): Promise<Measured> => {
    const times = lengths.map((length) => [`${length} bytes`, nanosecondsPerCopy(copy, length)]);
    return Promise.resolve(Object.fromEntries(times));
  };
  return { name, measure };
}

function nanosecondsPerCopy(copy: (length: number) => void, length: number): number {
  for (let i = 0; i < 300; i++) copy(length);
  const start = performance.now();
  let rounds = 0;
  while (performance.now() - start < 100) {
    copy(length);
    rounds++;
  }
  return ((performance.now() - start) * 1e6) / (rounds * copies);
}

function copyByLoop(length: number): void {
  let at = 0;
  for (let i = 0; i < copies; i++) {
    const start = i * 300;
    for (let j = start; j < start + length; j++) to[at++] = from[j] ?? 0;
  }
}

function copyByCall(length: number): void {
  let at = 0;
  for (let i = 0; i < copies; i++) {
    from.copy(to, at, i * 300, i * 300 + length);
    at += length;
  }
}
