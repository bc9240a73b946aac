import { z } from 'zod';
import { httpSchema } from './http/config.ts';
import { kafkaSchema } from './kafka/config.ts';
import { natsSchema } from './nats/config.ts';

/** The tables of `[sinks.NAME]` that this room knows. */
export const sinkKinds = {
  nats: natsSchema.optional(),
  kafka: kafkaSchema.optional(),
  http: httpSchema.optional(),
};

/** `[sinks.NAME]`: one of `[sinks.NAME.nats]`, `[sinks.NAME.kafka]` and so on. */
export function oneKindOf<Kinds extends Readonly<Record<string, z.ZodOptional>>>(kinds: Kinds) {
  const names = Object.keys(kinds).join(', ');
  return z.strictObject(kinds).superRefine((sink, context) => {
    const given = Object.entries(sink).filter(([, settings]) => settings !== undefined);
    if (given.length === 1) return;
    const got = given.length === 0 ? 'none' : given.map(([kind]) => kind).join(' and ');
    context.addIssue({ code: 'custom', message: `expected one of ${names}, got ${got}` });
  });
}

export type SinkConfig = {
  readonly [Kind in keyof typeof sinkKinds]?: z.output<(typeof sinkKinds)[Kind]>;
};
