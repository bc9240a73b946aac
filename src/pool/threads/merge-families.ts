import type { HistogramSample, MetricFamily, Sample } from '../../service/index.ts';

/** Families of the same name from several threads as one: samples of equal labels are added up. */
export function mergeFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  const byName = new Map<string, MetricFamily>();
  for (const family of families) {
    const key = JSON.stringify(family.name);
    const known = byName.get(key);
    byName.set(key, known === undefined ? family : joined(known, family));
  }
  return [...byName.values()];
}

function joined(a: MetricFamily, b: MetricFamily): MetricFamily {
  if (a.kind === 'histogram' && b.kind === 'histogram') {
    return { ...a, samples: added([...a.samples, ...b.samples], addHistograms) };
  }
  if (a.kind === 'histogram' || b.kind === 'histogram') return a;
  return { ...a, samples: added([...a.samples, ...b.samples], addSamples) };
}

function added<S extends { readonly labels: Readonly<Record<string, string>> }>(
  samples: readonly S[],
  add: (a: S, b: S) => S,
): S[] {
  const byLabels = new Map<string, S>();
  for (const sample of samples) {
    const key = JSON.stringify(sample.labels);
    const known = byLabels.get(key);
    byLabels.set(key, known === undefined ? sample : add(known, sample));
  }
  return [...byLabels.values()];
}

function addSamples(a: Sample, b: Sample): Sample {
  return { ...a, value: a.value + b.value };
}

function addHistograms(a: HistogramSample, b: HistogramSample): HistogramSample {
  const counts = Array.from(a.counts, (count, i) => count + (b.counts[i] ?? 0));
  return { ...a, counts, sum: a.sum + b.sum };
}
