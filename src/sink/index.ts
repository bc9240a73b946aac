export { sinkFindingSpecs } from './finding.ts';
export { natsSink } from './nats/nats-sink.ts';

export type { NatsSinkOptions } from './nats/options.ts';
export type { SinkDeps } from './retrying-sink.ts';
export type { DeadLetters, Delivery, Sink, SinkMessage } from './sink.ts';
