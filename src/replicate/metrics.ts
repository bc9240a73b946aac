import type { Metrics } from '../service/index.ts';
import type { Standing } from './standing.ts';

/** What a pipeline tells Prometheus. */
export interface PipelineMetrics {
  applied(batch: { transactions: number; changes: number; bytes: number; seconds: number }): void;
  flushed(): void;
  retriedInOrder(): void;
  copied(copy: { rows: number; bytes: number }): void;
  /** Reads the gauges off; call it every second or so. */
  observe(standing: Standing): void;
  /** Forgets this pipeline's gauges: a stale lag is worse than none. */
  end(): void;
}

export function pipelineMetrics(metrics: Metrics, pipeline: string): PipelineMetrics {
  const labels = { pipeline };
  const room = 'replicate';
  const of = (thing: string, help: string) => ({
    room,
    thing,
    help,
    labels: ['pipeline'] as const,
  });
  const transactions = metrics.counter({
    ...of('applied', 'Source transactions applied.'),
    unit: 'transactions',
  });
  const changes = metrics.counter({ ...of('applied', 'Row changes applied.'), unit: 'changes' });
  const bytes = metrics.counter({ ...of('applied', 'Bytes of changes applied.'), unit: 'bytes' });
  const batches = metrics.counter({
    ...of('applied', 'Target transactions committed; each holds whole source transactions.'),
    unit: 'batches',
  });
  const duration = metrics.histogram({
    ...of('apply', 'Time from sending a target transaction to its answer.'),
    unit: 'seconds',
  });
  const flushes = metrics.counter({
    ...of('confirmed', 'Times a position was known flushed and confirmed to the source.'),
    unit: 'flushes',
  });
  const retries = metrics.counter({
    ...of('in_order', 'Batches that were refused as sets and written row by row.'),
    unit: 'retries',
  });
  const rowsCopied = metrics.counter({ ...of('copied', 'Rows copied.'), unit: 'rows' });
  const bytesCopied = metrics.counter({ ...of('copied', 'Bytes copied.'), unit: 'bytes' });
  const lagBytes = metrics.gauge({
    ...of('lag', 'WAL of the source that is not in the target yet.'),
    unit: 'bytes',
  });
  const lagSeconds = metrics.gauge({
    ...of('lag', 'Age of the last applied commit while behind, else 0.'),
    unit: 'seconds',
  });
  const position = metrics.gauge({
    ...of('position', 'Everything of the source before this is in the target.'),
    unit: 'lsn',
  });
  return {
    applied: (batch) => {
      transactions.add(labels, batch.transactions);
      changes.add(labels, batch.changes);
      bytes.add(labels, batch.bytes);
      batches.add(labels);
      duration.observe(labels, batch.seconds);
    },
    flushed: () => flushes.add(labels),
    retriedInOrder: () => retries.add(labels),
    copied: (copy) => {
      rowsCopied.add(labels, copy.rows);
      bytesCopied.add(labels, copy.bytes);
    },
    observe: (standing) => {
      if (standing.lagBytes !== null) lagBytes.set(labels, standing.lagBytes);
      if (standing.lagSeconds !== null) lagSeconds.set(labels, standing.lagSeconds);
      if (standing.position !== null) position.set(labels, Number(standing.position));
    },
    end: () => {
      for (const gauge of [lagBytes, lagSeconds, position]) gauge.remove(labels);
    },
  };
}
