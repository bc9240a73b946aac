export { asError, systemClock } from './clock.ts';
export { serviceSchema } from './config.ts';
export { decisionOf, decisionOfSqlstate, sqlstateOf } from './decision.ts';
export { armFailpoint, failpoint } from './failpoint.ts';
export { blockingFindings, findingsOf } from './finding.ts';
export { GatesInStep, withinDeadline } from './gate.ts';
export { formatListenAddress, parseListenAddress } from './listen.ts';
export { createLog, logLevels, silentLog } from './log.ts';
export { durationBuckets, Metrics } from './metrics.ts';
export { nearestName } from './nearest.ts';
export { silentProgress } from './progress.ts';
export { recordError, redactText } from './redact.ts';
export { Backoff, defaultBackoff, retry } from './retry.ts';
export { isAbort, Lifecycle, WorkingService } from './service.ts';
export {
  byteSize,
  duration,
  formatByteSize,
  formatDuration,
  parseByteSize,
  parseDuration,
  setting,
} from './setting.ts';
export { StatusServer, toJson } from './status-server.ts';
export { systemReason } from './system-reason.ts';

export type { Clock } from './clock.ts';
export type { ServiceConfig } from './config.ts';
export type { ArmedFailpoint, FailpointAction } from './failpoint.ts';
export type { Finding, FindingParts, FindingSpecs } from './finding.ts';
export type { Gate, GateTarget } from './gate.ts';
export type { ListenAddress } from './listen.ts';
export type { Log, LogFields, LogLevel, LogOptions } from './log.ts';
export type {
  CounterMetric,
  GaugeMetric,
  HistogramMetric,
  HistogramSpec,
  Labels,
  MetricSpec,
} from './metrics.ts';
export type { FamilyName, HistogramSample, MetricFamily, Sample } from './metric-family.ts';
export type { MetricUnit } from './metric-unit.ts';
export type { Progress, ProgressAmount, ProgressTask } from './progress.ts';
export type { ErrorRecord } from './redact.ts';
export type { BackoffPolicy, RetryOptions } from './retry.ts';
export type { Service, Work } from './service.ts';
export type { SettingNotes } from './setting.ts';
export type { Health, StatusServerOptions } from './status-server.ts';
