import { LazyOutlet } from '../lazy-outlet.ts';
import { RetryingSink, type SinkDeps } from '../retrying-sink.ts';
import type { Sink } from '../sink.ts';
import { natsDelivery } from './delivery.ts';
import type { NatsSinkOptions } from './options.ts';

/** Events and changes into a stream of NATS JetStream. */
export function natsSink(options: NatsSinkOptions, deps?: SinkDeps): Sink {
  const outlet = new LazyOutlet(natsDelivery(options.stream), async () => {
    const { NatsOutlet } = await import('./nats-outlet.ts');
    return new NatsOutlet(options);
  });
  return new RetryingSink(options.name, outlet, deps);
}
