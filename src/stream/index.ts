export { sliceBlock } from './block.ts';
export { BlockQueue } from './block-queue.ts';
export { readSlotChanges } from './change-reader.ts';
export { committedOrder } from './committed-order.ts';
export { DurableLog } from './durable-log.ts';
export { DurableQueue } from './durable-queue.ts';
export { SpillArea } from './spill-area.ts';

export type { BacklogLimits } from './backlog.ts';
export type { ChangeBlock } from './block.ts';
export type { BlockQueueOptions } from './block-queue.ts';
export type { ChangeQueue } from './change-queue.ts';
export type { ChangeReader, SlotReaderOptions } from './change-reader.ts';
export type { ValueFormat } from './log-file.ts';
export type { SpillOptions } from './spill-area.ts';
