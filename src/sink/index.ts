export { sinkFindingSpecs } from './finding.ts';
export { httpSink } from './http/http-sink.ts';
export { kafkaSink } from './kafka/kafka-sink.ts';
export { natsSink } from './nats/nats-sink.ts';

export type { HttpSinkOptions } from './http/options.ts';
export type { KafkaSinkOptions } from './kafka/options.ts';
export type { NatsSinkOptions } from './nats/options.ts';
export type { SinkDeps } from './retrying-sink.ts';
export type { DeadLetters, Delivery, Sink, SinkMessage } from './sink.ts';
