import { Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';
import { SluiceError } from '../errors/index.ts';
import { familiesText, familyName, type MetricFamily } from './metric-family.ts';
import type { MetricUnit } from './metric-unit.ts';

export interface MetricSpec<L extends string> {
  /** The folder's name. */
  readonly room: string;
  /** lower_snake; with room and unit it makes `sluice_<room>_<thing>_<unit>`. */
  readonly thing: string;
  readonly unit: MetricUnit;
  /** One sentence for the operator. */
  readonly help: string;
  readonly labels?: readonly L[];
}

export interface HistogramSpec<L extends string> extends MetricSpec<L> {
  /** Upper bounds, ascending. Default: `durationBuckets`. */
  readonly buckets?: readonly number[];
}

export type Labels<L extends string> = Readonly<Record<L, string>>;

export interface GaugeMetric<L extends string> {
  set(labels: Labels<L>, value: number): void;
  add(labels: Labels<L>, amount: number): void;
  /** Forgets a label set, when what it describes is gone: a stale lag is worse than none. */
  remove(labels: Labels<L>): void;
}

export interface CounterMetric<L extends string> {
  add(labels: Labels<L>, amount?: number): void;
}

export interface HistogramMetric<L extends string> {
  observe(labels: Labels<L>, value: number): void;
}

/** 0.5 ms (a flush on a fast disk) to 2 min (an index build), about 2.5 times apart. */
export const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120,
] as const;

/**
 * The metrics of one assembled program; each assembly makes its own, so that tests and several pipelines never
 * meet in a global. Declaring a metric again with the same kind and labels gives the one that is there.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #declared = new Map<string, { kind: string; labels: string }>();
  readonly #sources = new Set<() => readonly MetricFamily[]>();

  gauge<L extends string = never>(spec: MetricSpec<L>): GaugeMetric<L> {
    const name = nameOf(spec);
    const gauge = this.#declare('gauge', name, spec, Gauge<L>, (common) => new Gauge<L>(common));
    return {
      set: (labels, value) => gauge.set(labels, value),
      add: (labels, amount) => gauge.inc(labels, amount),
      remove: (labels) => gauge.remove(labels),
    };
  }

  counter<L extends string = never>(spec: MetricSpec<L>): CounterMetric<L> {
    const name = `${nameOf(spec)}_total`;
    const make = (common: Common<L>) => new Counter<L>(common);
    const counter = this.#declare('counter', name, spec, Counter<L>, make);
    return { add: (labels, amount = 1) => counter.inc(labels, amount) };
  }

  histogram<L extends string = never>(spec: HistogramSpec<L>): HistogramMetric<L> {
    const name = nameOf(spec);
    const buckets = [...(spec.buckets ?? durationBuckets)];
    const make = (common: Common<L>) => new Histogram<L>({ ...common, buckets });
    const histogram = this.#declare('histogram', name, spec, Histogram<L>, make);
    return { observe: (labels, value) => histogram.observe(labels, value) };
  }

  /**
   * Families that `source` makes anew each time the page is read. No name may be another's.
   *
   * @returns  to be called when the source is gone
   */
  collect(source: () => readonly MetricFamily[]): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  /** The page a Prometheus server reads. */
  async text(): Promise<string> {
    const own = await this.#registry.metrics();
    return own + familiesText(this.#collected());
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One value as it stands, for tests and `status`; undefined when it was never set. */
  async value(
    name: string,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<number | undefined> {
    const metric = await this.#registry.getSingleMetric(name)?.get();
    const wanted = Object.entries(labels);
    const values = metric?.values ?? this.#collectedValues(name);
    const found = values.find(
      (value) =>
        Object.keys(value.labels).length === wanted.length &&
        wanted.every(([label, text]) => new Map(Object.entries(value.labels)).get(label) === text),
    );
    return found?.value;
  }

  #collected(): MetricFamily[] {
    return [...this.#sources].flatMap((source) => source());
  }

  #collectedValues(name: string): readonly { labels: object; value: number }[] {
    const family = this.#collected().find((known) => familyName(known) === name);
    return family === undefined || family.kind === 'histogram' ? [] : family.samples;
  }

  #declare<L extends string, M extends Metric>(
    kind: string,
    name: string,
    spec: MetricSpec<L>,
    type: abstract new (common: Common<L>) => M,
    make: (common: Common<L>) => M,
  ): M {
    const labelNames = [...(spec.labels ?? [])];
    const labels = labelNames.join(',');
    const declared = this.#declared.get(name);
    if (declared === undefined) {
      this.#declared.set(name, { kind, labels });
      return make({ name, help: spec.help, labelNames, registers: [this.#registry] });
    }
    const metric = this.#registry.getSingleMetric(name);
    if (declared.kind !== kind || declared.labels !== labels || !(metric instanceof type)) {
      throw new SluiceError('SERVICE_METRIC_CONFLICT', { metric: name });
    }
    return metric;
  }
}

interface Common<L extends string> {
  name: string;
  help: string;
  labelNames: L[];
  registers: Registry[];
}

function nameOf<L extends string>(spec: MetricSpec<L>): string {
  return `sluice_${spec.room}_${spec.thing}_${spec.unit}`;
}
