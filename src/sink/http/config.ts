import { z } from 'zod';
import { duration, setting } from '../../service/index.ts';
import { secretText } from '../secret.ts';

const text = z.string().min(1);

/** `[sinks.NAME.http]` */
export const httpSchema = z
  .strictObject({
    url: setting(z.url({ protocol: /^https?$/ }).meta({ expected: 'http or https address' }), {
      effect: 'Where each message is sent to as a POST.',
      example: 'https://hooks.example.com/orders',
    }),
    secrets: setting(z.array(secretText).min(1), {
      effect:
        'What requests are signed with, by each of them, so that receivers can go over to a new one at their own time.',
      example: '[{ env = "WEBHOOK_SECRET" }]',
    }),
    headers: setting(z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), secretText).default({}), {
      effect: 'Headers of every request.',
      why: 'the signature says who sends',
      example: '{ Authorization = { env = "WEBHOOK_AUTHORIZATION" } }',
    }),
    concurrency: setting(z.int().min(1).max(64).default(1), {
      effect: 'Requests at once. With more than one only messages of the same key stay in order.',
      why: 'everything in order',
    }),
    timeout: setting(duration().prefault('30s'), {
      effect: 'How long a request may take before it is sent again.',
      why: 'as long as most proxies wait',
      example: '30s',
    }),
    ca_file: setting(text.optional(), {
      effect: "Certificates that may have signed the server's.",
      why: "Node's own list",
    }),
  })
  .meta({
    description:
      'Signed requests (Standard Webhooks): at least once, with the id in `webhook-id` and `Idempotency-Key`.',
  });

export type HttpConfig = z.output<typeof httpSchema>;
