import { z } from 'zod';
import { duration, setting } from '../../service/index.ts';
import { addressList } from '../address-list.ts';
import { secretText } from '../secret.ts';

const text = z.string().min(1);

/** `[sinks.NAME.nats]` */
export const natsSchema = z
  .strictObject({
    servers: setting(addressList, {
      effect: 'Servers of the cluster: `host:port`, or `tls://host:port`.',
      example: '["nats1:4222", "nats2:4222"]',
    }),
    stream: setting(text, {
      effect:
        'The JetStream stream that takes the messages. It exists already; a check says how to make it.',
      example: 'SHOP',
    }),
    subject: setting(text.default('sluice.{subject}'), {
      effect:
        "Where messages go. `{subject}` is the message's own: `public.orders` for a table, the name of a queue.",
      why: 'one prefix, so that a stream of its own can take all of it',
      example: 'shop.{subject}',
    }),
    user: setting(text.optional(), { effect: 'The user to log in as.', why: 'no login' }),
    password: setting(secretText.optional(), {
      effect: 'Its password.',
      example: '{ env = "NATS_PASSWORD" }',
    }),
    token: setting(secretText.optional(), { effect: 'A token to log in with, instead.' }),
    credentials: setting(secretText.optional(), {
      effect: 'The content of a `.creds` file, instead.',
      example: '{ file = "/run/secrets/sluice.creds" }',
    }),
    ca_file: setting(text.optional(), {
      effect: "Certificates that may have signed the servers'.",
      why: "Node's own list",
    }),
    ack_timeout: setting(duration().prefault('10s'), {
      effect: 'How long an acknowledgement may take before all that is under way is sent again.',
      why: 'longer than electing a new leader takes',
      example: '10s',
    }),
    dedup_window: setting(duration().prefault('2min'), {
      effect:
        'The least duplicate window that the stream should have: a check warns below it. What is sent again after a longer outage is stored twice.',
      why: "the server's own default",
      example: '1h',
    }),
  })
  .meta({
    description:
      'NATS JetStream: total order; effectively once within the duplicate window of the stream. Give each pipeline a stream of its own.',
  });

export type NatsConfig = z.output<typeof natsSchema>;
