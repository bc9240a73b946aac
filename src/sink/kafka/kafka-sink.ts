import { RetryingSink, type SinkDeps } from '../retrying-sink.ts';
import type { Sink } from '../sink.ts';
import { KafkaOutlet } from './kafka-outlet.ts';
import type { KafkaSinkOptions } from './options.ts';

/** Events and changes into topics of Kafka. */
export function kafkaSink(options: KafkaSinkOptions, deps?: SinkDeps): Sink {
  return new RetryingSink(options.name, new KafkaOutlet(options), deps);
}
