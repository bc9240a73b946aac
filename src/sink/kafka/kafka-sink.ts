import { LazyOutlet } from '../lazy-outlet.ts';
import { RetryingSink, type SinkDeps } from '../retrying-sink.ts';
import type { Sink } from '../sink.ts';
import { kafkaDelivery } from './delivery.ts';
import type { KafkaSinkOptions } from './options.ts';

/** Events and changes into topics of Kafka. */
export function kafkaSink(options: KafkaSinkOptions, deps?: SinkDeps): Sink {
  const outlet = new LazyOutlet(kafkaDelivery, async () => {
    const { KafkaOutlet } = await import('./kafka-outlet.ts');
    return new KafkaOutlet(options);
  });
  return new RetryingSink(options.name, outlet, deps);
}
