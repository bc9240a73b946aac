import { RetryingSink, type SinkDeps } from '../retrying-sink.ts';
import type { Sink } from '../sink.ts';
import { NatsOutlet } from './nats-outlet.ts';
import type { NatsSinkOptions } from './options.ts';

/** Events and changes into a stream of NATS JetStream. */
export function natsSink(options: NatsSinkOptions, deps?: SinkDeps): Sink {
  return new RetryingSink(options.name, new NatsOutlet(options), deps);
}
