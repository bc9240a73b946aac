export { splitKeyChange } from './change/change.ts';
export { encodeChange } from './change/encode-change.ts';
export { valueTypeOf } from './change/value-type.ts';
export { encodeEvent } from './encode-event.ts';
export { sinkFindingSpecs } from './finding.ts';
export { httpSink } from './http/http-sink.ts';
export { kafkaSink } from './kafka/kafka-sink.ts';
export { natsSink } from './nats/nats-sink.ts';

export type { ChangedColumn, ChangePlace, RowChange, RowImage } from './change/change.ts';
export type { TypeLink, ValueType } from './change/value-type.ts';
export type { QueueEvent } from './encode-event.ts';
export type { HttpSinkOptions } from './http/options.ts';
export type { KafkaSinkOptions } from './kafka/options.ts';
export type { NatsSinkOptions } from './nats/options.ts';
export type { SinkDeps } from './retrying-sink.ts';
export type { DeadLetters, Delivery, Sink, SinkMessage } from './sink.ts';
