import { readFile } from 'node:fs/promises';
import { murmur2, Producer, type MessageToProduce } from '@platformatic/kafka';
import type { Finding } from '../../service/index.ts';
import { sinkFinding } from '../finding.ts';
import { describingHeaders } from '../header-text.ts';
import type { Outlet } from '../outlet.ts';
import type { SinkMessage } from '../sink.ts';
import { fillSubject } from '../subject.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { isTooLarge, isUnknownTopic, kafkaError, type KafkaPlace } from './kafka-errors.ts';
import { kafkaDelivery } from './delivery.ts';
import type { KafkaSinkOptions } from './options.ts';

type Record = MessageToProduce;

/**
 * Sends requests one after the other, each acknowledged by all replicas in sync. A request that fails is sent again
 * whole: what some of its partitions had taken is there twice then, and never out of order.
 */
export class KafkaOutlet implements Outlet {
  readonly delivery = kafkaDelivery;
  readonly #options: KafkaSinkOptions;
  readonly #topic: string;
  readonly #at: KafkaPlace;
  #producer: Producer | null = null;

  constructor(options: KafkaSinkOptions) {
    this.#options = options;
    this.#topic = options.topic ?? '{subject}';
    this.#at = {
      sink: options.name,
      place: `Kafka ${options.brokers.join(', ')}`,
      ackTimeoutMs: options.ackTimeoutMs ?? 30_000,
    };
  }

  async check(signal: AbortSignal): Promise<Finding[]> {
    const producer = await this.#connect(signal);
    try {
      // Which topics a template stands for is known when messages come.
      const topics = this.#topic.includes('{subject}') ? [] : [this.#topic];
      await unlessAborted(producer.metadata({ topics, autocreateTopics: false }), signal);
      return [];
    } catch (error) {
      signal.throwIfAborted();
      if (!isUnknownTopic(error)) throw kafkaError(error, this.#at, null);
      const details = { topic: this.#topic };
      return [
        sinkFinding('SINK_KAFKA_TOPIC', `topic ${this.#topic}`, 'there is no such topic', details),
      ];
    } finally {
      await closed(producer);
    }
  }

  async open(signal: AbortSignal): Promise<void> {
    this.#producer = await this.#connect(signal);
  }

  async deliver(
    messages: readonly SinkMessage[],
    onDurable: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let from = 0; from < messages.length;) {
      const batch = this.#batchFrom(messages, from);
      await this.#send(batch, signal);
      for (const _ of batch) onDurable();
      from += batch.length;
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    if (producer) await closed(producer);
  }

  #batchFrom(messages: readonly SinkMessage[], from: number): SinkMessage[] {
    const { batchMessages = 1_000, batchBytes = 512 * 1024 } = this.#options;
    let to = from;
    for (let bytes = 0; to < messages.length && to - from < batchMessages; to += 1) {
      bytes += messages[to]!.payload.length;
      if (bytes > batchBytes && to > from) break;
    }
    return messages.slice(from, to);
  }

  async #send(batch: readonly SinkMessage[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    try {
      const sent = this.#producer!.send({ messages: batch.map((one) => this.#record(one)) });
      await unlessAborted(sent, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isTooLarge(error) && batch.length > 1) {
        const half = Math.ceil(batch.length / 2);
        await this.#send(batch.slice(0, half), signal);
        await this.#send(batch.slice(half), signal);
        return;
      }
      throw kafkaError(error, this.#at, batch[0]!.id);
    }
  }

  #record(message: SinkMessage): Record {
    const { key, payload } = message;
    const described = describingHeaders({ ...message, key: null }); // a record has a key of its own
    const all = { 'Sluice-Id': message.id, ...described, ...message.headers };
    return {
      topic: fillSubject(this.#topic, message.subject, topicPart),
      ...(key !== null && { key: Buffer.from(key) }),
      value: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      headers: new Map(
        Object.entries(all).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
      ),
    };
  }

  async #connect(signal: AbortSignal): Promise<Producer> {
    const { name, brokers, sasl, tls = false, caFile } = this.#options;
    const { ackTimeoutMs } = this.#at;
    const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
    const producer = new Producer({
      clientId: `sluice-${name}`,
      bootstrapBrokers: [...brokers],
      acks: -1,
      autocreateTopics: false,
      retries: 0, // ours are in order, and can be seen
      timeout: ackTimeoutMs,
      requestTimeout: ackTimeoutMs,
      connectTimeout: Math.min(ackTimeoutMs, 10_000),
      partitioner: partitionOf,
      ...((tls || ca !== undefined) && { tls: ca === undefined ? {} : { ca } }),
      ...(sasl && { sasl }),
    });
    try {
      await unlessAborted(producer.metadata({ topics: [] }), signal);
      return producer;
    } catch (error) {
      await closed(producer);
      signal.throwIfAborted();
      throw kafkaError(error, this.#at, null);
    }
  }
}

/** As Java's clients choose, so that a topic that others write to as well has each key in one partition. */
function partitionOf(record: Record, key: Buffer | undefined): number {
  return murmur2(key ?? record.topic) & 0x7fffffff;
}

/** What a topic's name may not hold becomes `_`; the payload says what the table is called. */
function topicPart(text: string): string {
  return text.replaceAll(/[^\w.-]/g, '_');
}

/** Also with requests under way: what they do is not known then, and so they are made again. */
async function closed(producer: Producer): Promise<void> {
  await producer.close(true).catch((error: unknown) => {
    if (!(error instanceof Error)) throw error;
  });
}
