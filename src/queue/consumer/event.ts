import type { z } from 'zod';

/** An event as it is in the queue. Inserted by any language, so that anything but the id may be missing. */
export interface QueueEvent<Type extends string = string, Data = string | null> {
  readonly id: bigint;
  /** When it was inserted: when its transaction began. */
  readonly time: Date;
  /** The microseconds that `time` leaves out, 0..999. */
  readonly timeMicros: number;
  /** The transaction that inserted it, or the one that brought it back. */
  readonly txid: bigint;
  /** How often it was handed out and came back. */
  readonly retry: number;
  readonly type: Type;
  readonly data: Data;
  readonly extra1: string | null;
  readonly extra2: string | null;
  readonly extra3: string | null;
  readonly extra4: string | null;
}

/** The payloads of a queue by event type: `{ placed: z.object({ id: z.int() }), ... }`. `data` is JSON then. */
export type EventSchemas = Readonly<Record<string, z.ZodType>>;

/** What a handler gets: of a queue with schemas, one of its types with its data; else the text as it is. */
export type EventOf<S extends EventSchemas | undefined> = S extends EventSchemas
  ? { [Type in keyof S & string]: QueueEvent<Type, z.output<S[Type]>> }[keyof S & string]
  : QueueEvent;

/** An event of any type, its data read as far as the consumer's schemas go. */
export type AnyEvent = QueueEvent<string, unknown>;
