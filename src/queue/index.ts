export { queueSchema } from './config.ts';
export { QueueKeeper } from './ticker/keeper.ts';

export type { QueueConfig } from './config.ts';
export type { QueueKeeperDeps, QueueKeeperOptions, QueueKeeperStatus } from './ticker/keeper.ts';
