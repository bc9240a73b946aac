import type { StreamConfig } from '@nats-io/jetstream';
import { formatDuration, type Finding } from '../../service/index.ts';
import { fillSubject } from '../subject.ts';
import { sinkFinding } from '../finding.ts';
import { coverageOf } from './subject-filter.ts';

/** What the sink needs of its stream. */
export interface StreamNeeds {
  readonly stream: string;
  readonly subject: string;
  readonly dedupWindowMs: number;
}

/** Every subject that a template can make, as a pattern of NATS. */
export function subjectPattern(template: string): string {
  return fillSubject(template, ['>'], (token) => token);
}

export function missingStream(needs: StreamNeeds): Finding {
  return sinkFinding('SINK_NATS_STREAM', `stream ${needs.stream}`, 'there is no such stream', {
    stream: needs.stream,
    subjects: subjectPattern(needs.subject),
    window: formatDuration(needs.dedupWindowMs / 1000),
  });
}

/** What would go wrong with the stream as it is. */
export function checkStream(config: StreamConfig, needs: StreamNeeds): Finding[] {
  const subject = `stream ${needs.stream}`;
  const pattern = subjectPattern(needs.subject);
  const details = {
    stream: needs.stream,
    subjects: pattern,
    window: formatDuration(needs.dedupWindowMs / 1000),
  };
  const findings: Finding[] = [];
  const coverages = config.subjects.map((filter) => coverageOf(filter, pattern));
  if (!coverages.includes('all')) {
    const takes = `it takes ${config.subjects.join(', ') || 'nothing'}; the sink writes to ${pattern}`;
    const code = coverages.includes('some') ? 'SINK_NATS_SUBJECT_PART' : 'SINK_NATS_SUBJECT';
    findings.push(sinkFinding(code, subject, takes, details));
  }
  if (config.no_ack) findings.push(sinkFinding('SINK_NATS_NO_ACK', subject, 'no_ack', details));
  const windowMs = config.duplicate_window / 1e6;
  if (windowMs < needs.dedupWindowMs) {
    const has = `its duplicate window is ${formatDuration(windowMs / 1000)}, expected ${details.window}`;
    findings.push(sinkFinding('SINK_NATS_DEDUP', subject, has, details));
  }
  if (config.storage === 'memory')
    findings.push(sinkFinding('SINK_NATS_MEMORY', subject, 'memory storage', details));
  return findings;
}
