import type { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import { describeIssues } from '../consumer/payload.ts';
import type { EventSchemas } from '../consumer/event.ts';

/** What an event has beside its type and its data. */
export interface EventExtras {
  readonly extra1?: string | null;
  readonly extra2?: string | null;
  readonly extra3?: string | null;
  readonly extra4?: string | null;
}

/** An event to insert: of a queue with schemas, one of its types with what its schema takes; else a text. */
export type NewEvent<S extends EventSchemas | undefined = undefined> = EventExtras &
  (S extends EventSchemas
    ? { [T in keyof S & string]: { readonly type: T; readonly data: z.input<S[T]> } }[keyof S &
        string]
    : { readonly type: string; readonly data: string | null });

/** With the types of its data taken away. */
export interface AnyNewEvent extends EventExtras {
  readonly type: string;
  readonly data: unknown;
}

/**
 * The text of an event's data.
 *
 * @throws QUEUE_EVENT_INVALID  its consumers would not take it
 */
export function dataText(
  queue: string,
  schemas: EventSchemas | undefined,
  { type, data }: AnyNewEvent,
): string | null {
  if (schemas === undefined) return typeof data === 'string' || data === null ? data : toJson(data);
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema === undefined) throw invalid(queue, type, 'no schema for this type');
  const text = toJson(data);
  const parsed = schema.safeParse(JSON.parse(text));
  if (!parsed.success) throw invalid(queue, type, describeIssues(parsed.error));
  return text;
}

/** What JSON cannot say (undefined, a function) is null in it. */
function toJson(data: unknown): string {
  return JSON.stringify(data) ?? 'null';
}

function invalid(queue: string, type: string, problem: string): SluiceError {
  return new SluiceError('QUEUE_EVENT_INVALID', { queue, type, problem });
}
