import { z } from 'zod';
import { httpSchema } from './http/config.ts';
import { kafkaSchema } from './kafka/config.ts';
import { natsSchema } from './nats/config.ts';

/** `[sinks.NAME]`: one of `[sinks.NAME.nats]`, `[sinks.NAME.kafka]`, `[sinks.NAME.http]`. */
export const sinkSchema = z
  .strictObject({
    nats: natsSchema.optional(),
    kafka: kafkaSchema.optional(),
    http: httpSchema.optional(),
  })
  .superRefine((sink, context) => {
    const given = Object.entries(sink).filter(([, settings]) => settings !== undefined);
    if (given.length === 1) return;
    const got = given.length === 0 ? 'none' : given.map(([kind]) => kind).join(' and ');
    context.addIssue({ code: 'custom', message: `expected one of nats, kafka, http, got ${got}` });
  });

export type SinkConfig = z.output<typeof sinkSchema>;
