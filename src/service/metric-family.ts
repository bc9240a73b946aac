import type { MetricUnit } from './metric-unit.ts';

/**
 * What a family is called: by our rule, or, where dashboards made for another program are to go on working,
 * exactly as that program calls it.
 */
export type FamilyName =
  | { readonly room: string; readonly thing: string; readonly unit: MetricUnit }
  | { readonly foreignName: string };

interface Family {
  readonly name: FamilyName;
  /** One sentence for the operator. */
  readonly help: string;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** How many fell below each bound and above the one before; the last is everything above. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** Numbers of one kind, read when the page is: whoever keeps them already need not set them twice. */
export type MetricFamily =
  | (Family & { readonly kind: 'counter' | 'gauge'; readonly samples: readonly Sample[] })
  | (Family & { readonly kind: 'histogram'; readonly samples: readonly HistogramSample[] });

export function familyName(family: Pick<MetricFamily, 'name' | 'kind'>): string {
  const { name, kind } = family;
  if ('foreignName' in name) return name.foreignName;
  const own = `sluice_${name.room}_${name.thing}_${name.unit}`;
  return kind === 'counter' ? `${own}_total` : own;
}

/** The families as Prometheus reads them. */
export function familiesText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join('\n');
}

function familyText(family: MetricFamily): string {
  const name = familyName(family);
  const help = family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  const lines =
    family.kind === 'histogram'
      ? family.samples.flatMap((sample) => histogramLines(name, sample))
      : family.samples.map(({ labels, value }) => line(name, labels, value));
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${family.kind}`, ...lines, ''].join('\n');
}

function histogramLines(name: string, { labels, bounds, counts, sum }: HistogramSample): string[] {
  const lines: string[] = [];
  let count = 0;
  for (const [index, bound] of [...bounds, Infinity].entries()) {
    count += counts[index] ?? 0;
    lines.push(line(`${name}_bucket`, { ...labels, le: numberText(bound) }, count));
  }
  lines.push(line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count));
  return lines;
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const inner = Object.entries(labels)
    .map(([label, text]) => `${label}="${escaped(text)}"`)
    .join(',');
  return `${name}${inner === '' ? '' : `{${inner}}`} ${numberText(value)}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
