import type { Bench, Comparison, Side } from './bench.ts';

export interface MicroSide {
  readonly name: string;
  /** Do the work once on a fixed input and say how many things (frames, tuples, bytes) that was. */
  readonly work: () => number;
}

/** A bench of a hot function: things per second of CPU-bound work, best of several slices. */
export function microBench(bench: {
  readonly name: string;
  readonly about: string;
  /** What is counted: `frames/s`. */
  readonly unit: string;
  readonly ours: MicroSide;
  readonly peers: readonly MicroSide[];
  readonly goal?: number;
}): Bench {
  const { name, about, unit, goal } = bench;
  const comparisons = bench.peers.map((peer): Comparison => ({
    metric: 'rate',
    unit,
    better: 'higher',
    peer: peer.name,
    ...(goal === undefined ? {} : { goal }),
  }));
  return {
    name,
    about,
    runs: 5,
    comparisons,
    setUp: () =>
      Promise.resolve({
        ours: sideOf(bench.ours),
        peers: bench.peers.map(sideOf),
        versions: {},
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
}

function sideOf({ name, work }: MicroSide): Side {
  return { name, measure: () => Promise.resolve({ rate: ratePerSecond(work) }) };
}

/** One second after a warm-up of a fifth. */
function ratePerSecond(work: () => number): number {
  for (const until = performance.now() + 200; performance.now() < until;) work();
  let done = 0;
  const start = performance.now();
  while (performance.now() - start < 1000) done += work();
  return (done * 1000) / (performance.now() - start);
}
