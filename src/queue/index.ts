export {
  listConsumers,
  registerConsumer,
  requireConsumer,
  unregisterConsumer,
} from './admin/consumers.ts';
export {
  listDeadEvents,
  listRetries,
  readLeftEvents,
  redriveEvents,
  retryNow,
} from './admin/late-events.ts';
export {
  configureQueue,
  createQueue,
  dropQueue,
  listQueues,
  pauseQueue,
  readQueueConfig,
  requireQueue,
} from './admin/queues.ts';
export { explainRefusal } from './admin/refusal.ts';
export { hasFired, listSchedules, removeSchedule, setSchedule } from './admin/schedules.ts';
export { requireSchema } from './admin/schema.ts';
export { readQueueStatus } from './admin/status.ts';
export { tailQueue } from './admin/tail.ts';
export { checkConsumer, lookAtInserting, lookAtReading, lookAtTracking } from './check/consumer.ts';
export { checkDatabase } from './check/database.ts';
export { queueFindingSpecs } from './check/findings.ts';
export { checkKeptDatabase } from './check/kept-database.ts';
export { checkWalQueue } from './check/wal-queue.ts';
export { queueSchema } from './config.ts';
export { consumer } from './consumer/definition.ts';
export { ConsumerService } from './consumer/consumer-service.ts';
export { loadConsumers } from './consumer/load-consumers.ts';
export { runConsumer } from './consumer/run-consumer.ts';
export { installQueue, installScript } from './install/install.ts';
export { installTracking, trackingScript } from './install/tracking.ts';
export { insertEvent, producer } from './producer/producer.ts';
export { queueSinkSchema } from './sink/config.ts';
export { EventFeed } from './sink/event-feed.ts';
export { queueSink } from './sink/queue-sink.ts';
export { QueueKeeper } from './ticker/keeper.ts';
export { ServerKeeper } from './ticker/server-keeper.ts';
export { WalQueue } from './wal/wal-queue.ts';
export { decodeRow } from './triggers/decode-row.ts';

export type { ConsumerState, RegisterAt } from './admin/consumers.ts';
export type { DeadEvent, RetriedEvent, WhoseEvents } from './admin/late-events.ts';
export type { QueueKind, QueueState } from './admin/queues.ts';
export type { QueueGroup } from './admin/refusal.ts';
export type { KeptSchedule, Schedule } from './admin/schedules.ts';
export type { QueueSchema } from './admin/schema.ts';
export type { ConsumerStatus, QueueStatus, RunningJob } from './admin/status.ts';
export type { TailedEvent } from './admin/tail.ts';
export type { CheckedDatabase, CheckOptions } from './check/database.ts';
export type { WalQueuePlace } from './check/wal-queue.ts';
export type { QueueConfig, QueueFeedConfig, WalQueueConfig } from './config.ts';
export type {
  BatchContext,
  ConsumerDefinition,
  ConsumerKind,
  ConsumerOptions,
  EventContext,
} from './consumer/definition.ts';
export type { AnyEvent, EventOf, EventSchemas, QueueEvent } from './consumer/event.ts';
export type { RunConsumerOptions } from './consumer/run-options.ts';
export type { Totals as ConsumerTotals } from './consumer/consume-batches.ts';
export type { QueueInstall } from './install/install.ts';
export type { EventExtras, NewEvent } from './producer/new-event.ts';
export type { InsertOptions, Producer } from './producer/producer.ts';
export type { EventFeedOptions, EventFeedStatus } from './sink/event-feed.ts';
export type { QueueSinkOptions } from './sink/options.ts';
export type { QueueKeeperDeps, QueueKeeperOptions, QueueKeeperStatus } from './ticker/keeper.ts';
export type { DecodeRowOptions, TriggerEvent } from './triggers/decode-row.ts';
export type { ColumnValue, Row, RowChange } from './triggers/row-change.ts';
export type { WalQueueOptions } from './wal/options.ts';
export type { WalQueueDeps, WalQueueStatus } from './wal/wal-queue.ts';
