import { RetryingSink, type Sink, type SinkDeps } from '../../sink/index.ts';
import type { QueueSinkOptions } from './options.ts';
import { QueueOutlet } from './queue-outlet.ts';

/** Events and changes into a queue, of another database or of the same. */
export function queueSink(options: QueueSinkOptions, deps?: SinkDeps): Sink {
  return new RetryingSink(options.name, new QueueOutlet(options), deps);
}
