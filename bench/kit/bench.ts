import { cpus, totalmem } from 'node:os';

/** What one run of one side measured, by metric name. */
export type Measured = Readonly<Record<string, number>>;

/** One of the programs compared: ours, or a peer. */
export interface Side {
  readonly name: string;
  /** One run, from a clean state that it makes itself; only the work in question counts. */
  measure(run: number): Promise<Measured>;
}

export interface Comparison {
  /** A key of what both sides measure. */
  readonly metric: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly peer: string;
  /** What we hold ourselves to; told beside the ratio. */
  readonly goal?: number;
}

/** Default export of a `bench/**\/NAME.bench.ts` file. */
export interface Bench {
  readonly name: string;
  /** What is measured, on what data: one paragraph of docs/performance.md. */
  readonly about: string;
  /** Odd, so that the median is a run. */
  readonly runs: number;
  /** The first comparison is the headline. */
  readonly comparisons: readonly Comparison[];
  setUp(): Promise<Prepared>;
}

export interface Prepared extends AsyncDisposable {
  readonly ours: Side;
  readonly peers: readonly Side[];
  /** Versions and settings worth knowing, for the record. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What a bench file's run is kept as. A ratio above 1 means that we are better. */
export interface Result {
  readonly name: string;
  readonly metric: string;
  readonly peer: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** Medians. */
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly runs: number;
  readonly goal: number | null;
  readonly samples: { readonly ours: readonly number[]; readonly theirs: readonly number[] };
  readonly machine: Readonly<Record<string, string>>;
}

/** Run every side in turn, `runs` times over, so that a slow minute of the machine hits all. */
export async function runBench(
  bench: Bench,
  runs: number,
  say: (line: string) => void,
): Promise<Result[]> {
  say(`${bench.name}: setting up`);
  await using prepared = await bench.setUp();
  const sides = [...prepared.peers, prepared.ours];
  const samples = new Map<Side, Measured[]>(sides.map((side) => [side, []]));
  for (let run = 1; run <= runs; run++) {
    for (const side of sides) {
      const measured = await side.measure(run);
      samples.get(side)?.push(measured);
      say(`${bench.name}: run ${run} of ${runs}: ${side.name}: ${describe(measured)}`);
    }
  }
  const machine = { ...describeMachine(), ...prepared.versions };
  return bench.comparisons.map((comparison) => {
    const peer = prepared.peers.find(({ name }) => name === comparison.peer);
    if (peer === undefined) throw new Error(`bench ${bench.name} has no side ${comparison.peer}`);
    const ours = pick(samples.get(prepared.ours), comparison.metric);
    const theirs = pick(samples.get(peer), comparison.metric);
    return summarize(bench.name, comparison, ours, theirs, machine);
  });
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank; of an even number the lower middle. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new Error('a quantile of nothing');
  return value;
}

function summarize(
  name: string,
  { metric, unit, better, peer, goal }: Comparison,
  ours: readonly number[],
  theirs: readonly number[],
  machine: Result['machine'],
): Result {
  const [mine, other] = [median(ours), median(theirs)];
  const ratio = better === 'lower' ? other / mine : mine / other;
  return {
    name,
    metric,
    peer,
    unit,
    better,
    ours: mine,
    theirs: other,
    ratio: Math.round(ratio * 100) / 100,
    runs: ours.length,
    goal: goal ?? null,
    samples: { ours, theirs },
    machine,
  };
}

function pick(measured: readonly Measured[] | undefined, metric: string): number[] {
  return (measured ?? []).map((run) => {
    const value = run[metric];
    if (value === undefined) throw new Error(`a side did not measure ${metric}`);
    return value;
  });
}

function describe(measured: Measured): string {
  return Object.entries(measured)
    .map(([metric, value]) => `${metric} ${formatNumber(value)}`)
    .join(', ');
}

export function formatNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function describeMachine(): Record<string, string> {
  const [cpu] = cpus();
  return {
    cpu: `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}
