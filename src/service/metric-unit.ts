/** What a number counts or measures; part of the metric's name. Base units only: Prometheus scales. */
export type MetricUnit =
  | 'batches'
  | 'bytes'
  | 'changes'
  | 'connections'
  | 'events'
  | 'files'
  | 'flushes'
  | 'info'
  | 'lsn'
  | 'parts'
  | 'ratio'
  | 'retries'
  | 'rows'
  | 'seconds'
  | 'tables'
  | 'transactions';
