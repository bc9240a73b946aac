import { z } from 'zod';
import { duration, setting } from '../../service/index.ts';
import { addressList } from '../address-list.ts';
import { secretText } from '../secret.ts';

const text = z.string().min(1);

/** `[sinks.NAME.kafka]` */
export const kafkaSchema = z
  .strictObject({
    brokers: setting(addressList, {
      effect: 'Some brokers of the cluster: `host:port`.',
      example: '["kafka1:9092", "kafka2:9092"]',
    }),
    topic: setting(text.default('{subject}'), {
      effect:
        "The topic. `{subject}` is the message's own: `public.orders` for a table, the name of a queue; letters that a topic cannot have become `_`. Topics exist already.",
      why: 'a topic a table',
      example: 'shop.{subject}',
    }),
    tls: setting(z.boolean().default(false), {
      effect: 'Speak TLS with the brokers.',
      why: "Kafka's own default",
    }),
    ca_file: setting(text.optional(), {
      effect: "Certificates that may have signed the brokers'; with it, TLS is spoken.",
      why: "Node's own list",
    }),
    sasl: setting(z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).optional(), {
      effect: 'How to log in, as `user` with `password`.',
      why: 'no login',
    }),
    user: setting(text.optional(), { effect: 'The user to log in as.' }),
    password: setting(secretText.optional(), {
      effect: 'Its password.',
      example: '{ env = "KAFKA_PASSWORD" }',
    }),
    ack_timeout: setting(duration().prefault('30s'), {
      effect:
        'How long all replicas in sync may take to acknowledge before a request is sent again.',
      why: "Kafka's own request timeout",
      example: '30s',
    }),
  })
  .refine(
    ({ sasl, user, password }) =>
      sasl === undefined || (user !== undefined && password !== undefined),
    {
      path: ['sasl'],
      error: 'needs user and password',
      when: () => true,
    },
  )
  .meta({
    description: 'Kafka: the order of each key; at least once, with the id in header `Sluice-Id`.',
  });

export type KafkaConfig = z.output<typeof kafkaSchema>;
