import { resolve } from 'node:path';
import type { SinkConfig } from './config.ts';
import type { HttpConfig } from './http/config.ts';
import { httpSink } from './http/http-sink.ts';
import type { KafkaConfig } from './kafka/config.ts';
import { kafkaSink } from './kafka/kafka-sink.ts';
import type { NatsConfig } from './nats/config.ts';
import { natsSink } from './nats/nats-sink.ts';
import type { SinkDeps } from './retrying-sink.ts';
import { readSecret, type SecretPlace, type SecretText } from './secret.ts';
import type { Sink } from './sink.ts';

export interface MakeSinkOptions extends SinkDeps {
  readonly name: string;
  /** Where relative paths start. */
  readonly folder: string;
  /** Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * The sink that a section asks for. Its secrets are read now: one that was changed is picked up by the next one made.
 *
 * @throws SluiceError SINK_SECRET
 */
export async function makeSink(config: SinkConfig, options: MakeSinkOptions): Promise<Sink> {
  const { name, folder, env = process.env, ...deps } = options;
  const place = { sink: name, folder, env };
  if (config.nats) return natsSink({ name, ...(await natsOptions(config.nats, place)) }, deps);
  if (config.kafka) return kafkaSink({ name, ...(await kafkaOptions(config.kafka, place)) }, deps);
  return httpSink({ name, ...(await httpOptions(config.http!, place)) }, deps);
}

async function natsOptions(config: NatsConfig, place: SecretPlace) {
  const { servers, stream, subject, user } = config;
  return {
    servers,
    stream,
    subject,
    user,
    password: await optional(config.password, place),
    token: await optional(config.token, place),
    credentials: await optional(config.credentials, place),
    caFile: path(config.ca_file, place),
    ackTimeoutMs: config.ack_timeout * 1000,
    dedupWindowMs: config.dedup_window * 1000,
  };
}

async function kafkaOptions(config: KafkaConfig, place: SecretPlace) {
  const { brokers, topic, tls, sasl: mechanism, user: username = '' } = config;
  const password = (await optional(config.password, place)) ?? '';
  return {
    brokers,
    topic,
    tls,
    caFile: path(config.ca_file, place),
    sasl: mechanism && { mechanism, username, password },
    ackTimeoutMs: config.ack_timeout * 1000,
  };
}

async function httpOptions(config: HttpConfig, place: SecretPlace) {
  const headers: [string, string][] = [];
  for (const [name, secret] of Object.entries(config.headers))
    headers.push([name, await readSecret(secret, place)]);
  return {
    url: config.url,
    secrets: await Promise.all(config.secrets.map((secret) => readSecret(secret, place))),
    headers: Object.fromEntries(headers),
    concurrency: config.concurrency,
    timeoutMs: config.timeout * 1000,
    caFile: path(config.ca_file, place),
  };
}

async function optional(
  secret: SecretText | undefined,
  place: SecretPlace,
): Promise<string | undefined> {
  return secret === undefined ? undefined : readSecret(secret, place);
}

function path(file: string | undefined, { folder }: SecretPlace): string | undefined {
  return file === undefined ? undefined : resolve(folder, file);
}
