import type { AnyEvent, QueueEvent } from './event.ts';
import type { BatchTry } from './work.ts';

/** Those of a chunk that handlers get: not set aside already, and of a shape that they know. */
export function selectEvents(run: BatchTry, chunk: readonly QueueEvent[]): AnyEvent[] {
  const selected: AnyEvent[] = [];
  for (const event of chunk) {
    const read = selectEvent(run, event);
    if (read !== null) selected.push(read);
  }
  return selected;
}

/** Null for an event that handlers do not get; one that cannot be read goes to the dead letters. */
export function selectEvent(run: BatchTry, event: QueueEvent): AnyEvent | null {
  const { verdicts, work, batch } = run;
  if (verdicts.has(event.id)) return null;
  if (event.retry >= work.definition.retry.attempts && work.hasDeadLetters) {
    verdicts.bury(event, `handed out ${event.retry} times, and never came to an end`);
    return null;
  }
  const reading = work.readPayload(event);
  if (reading.kind === 'event') return reading.event;
  if (reading.kind === 'invalid') {
    const { as } = verdicts.bury(event, reading.reason);
    work.log.warn('an event is set aside: its payload is not what the consumer takes', {
      queue: batch.queue,
      event: event.id,
      as,
    });
  }
  return null;
}
