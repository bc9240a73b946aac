import { RetryingSink, type SinkDeps } from '../retrying-sink.ts';
import type { Sink } from '../sink.ts';
import { HttpOutlet } from './http-outlet.ts';
import type { HttpSinkOptions } from './options.ts';

/** Events and changes as signed requests: a webhook. */
export function httpSink(options: HttpSinkOptions, deps?: SinkDeps): Sink {
  return new RetryingSink(options.name, new HttpOutlet(options, deps?.clock), deps);
}
