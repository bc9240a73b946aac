import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadBenches } from '../../bench/files.ts';
import { performancePage } from '../../bench/docs.ts';
import { median, quantile, runBench, type Bench, type Side } from '../../bench/kit/bench.ts';
import { microBench } from '../../bench/kit/micro.ts';
import { formatTable, tableOf } from '../../bench/kit/report.ts';

const times = { sluice: [4, 2, 3], peer: [9, 12, 6] };

function side(name: 'sluice' | 'peer'): Side {
  const measure: Side['measure'] = (run) =>
    Promise.resolve({ seconds: times[name][run - 1] ?? NaN });
  return { name, measure };
}

function benchOf(better: 'lower' | 'higher'): Bench {
  return {
    name: 'race',
    about: '',
    runs: 3,
    comparisons: [{ metric: 'seconds', unit: 's', better, peer: 'peer', goal: 2 }],
    setUp: () =>
      Promise.resolve({
        ours: side('sluice'),
        peers: [side('peer')],
        versions: { postgres: '17' },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
}

test('compares medians, and a ratio above 1 means that we are better', async () => {
  const [result] = await runBench(benchOf('lower'), 3, () => undefined);
  expect(result).toMatchObject({
    name: 'race',
    peer: 'peer',
    unit: 's',
    ours: 3,
    theirs: 9,
    ratio: 3,
  });
  expect(result).toMatchObject({ runs: 3, goal: 2, machine: { postgres: '17' } });
  const [worse] = await runBench(benchOf('higher'), 3, () => undefined);
  expect(worse?.ratio).toBe(0.33);
});

test('prints a table that lines up', async () => {
  const results = await runBench(benchOf('lower'), 1, () => undefined);
  expect(formatTable(tableOf(results))).toBe(
    [
      "| bench | measured    | ours | peer | peer's | ratio | goal | runs |",
      '| ----- | ----------- | ---- | ---- | ------ | ----- | ---- | ---- |',
      '| race  | seconds (s) | 4    | peer | 9      | 2.25x | 2x   | 1    |',
    ].join('\n'),
  );
});

test('quantiles are values that were measured', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([1, 2])).toBe(1);
  expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
});

test('a hot function is measured in things a second', async () => {
  const hot = { name: 'x', work: () => 1000 };
  const bench = microBench({ name: 'm', about: '', unit: 'x/s', ours: hot, peers: [hot] });
  const prepared = await bench.setUp();
  const { rate = 0 } = await prepared.ours.measure(1);
  expect(rate).toBeGreaterThan(100_000);
});

test('every bench is called as its file is, and measures what it compares', async () => {
  for (const [name, bench] of await loadBenches()) {
    expect(bench.name).toBe(name);
    expect(bench.runs % 2, `${name}: an odd number of runs has a median`).toBe(1);
    expect(bench.about).not.toBe('');
  }
});

test('docs/performance.md is made from the results that are kept', async () => {
  const page = new URL('../../docs/performance.md', import.meta.url);
  const benches = [...(await loadBenches()).values()];
  expect(await readFile(page, 'utf8')).toBe(await performancePage(benches));
});
