import type { z } from 'zod';
import type { AnyEvent, EventSchemas, QueueEvent } from './event.ts';

/** What becomes of an event before its handler sees it. */
export type Reading =
  | { readonly kind: 'event'; readonly event: AnyEvent }
  | { readonly kind: 'skip' }
  | { readonly kind: 'invalid'; readonly reason: string };

const skip = { kind: 'skip' } as const;

/** Problems named in a reason: enough to see what is wrong, whatever a payload holds. */
const problemsNamed = 5;

export type ReadPayload = (event: QueueEvent) => Reading;

/** Reads `data` as JSON of the schema of the event's type; without schemas events pass as they are. */
export function payloadReader(
  schemas: EventSchemas | undefined,
  otherTypes: 'refuse' | 'skip',
): ReadPayload {
  if (schemas === undefined) return (event) => ({ kind: 'event', event });
  return (event) => {
    const schema = Object.hasOwn(schemas, event.type) ? schemas[event.type] : undefined;
    if (schema === undefined) {
      return otherTypes === 'skip' ? skip : invalid(`no schema for the event type "${event.type}"`);
    }
    return readAs(schema, event);
  };
}

function readAs(schema: z.ZodType, event: QueueEvent): Reading {
  let json: unknown;
  try {
    json = event.data === null ? null : JSON.parse(event.data);
  } catch {
    return invalid('the data is not JSON');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return invalid(describeIssues(parsed.error));
  return { kind: 'event', event: { ...event, data: parsed.data } };
}

/** What is wrong with a payload, by field, without its values. */
export function describeIssues(error: z.ZodError): string {
  const issues = error.issues.map(({ path, message }) => `${path.join('.') || 'data'}: ${message}`);
  const more = issues.length - problemsNamed;
  const named = issues.slice(0, problemsNamed).join('; ');
  return more > 0 ? `${named}; and ${more} more` : named;
}

function invalid(reason: string): Reading {
  return { kind: 'invalid', reason };
}
