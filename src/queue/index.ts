export { queueSchema } from './config.ts';
export { installQueue, installScript } from './install/install.ts';
export { QueueKeeper } from './ticker/keeper.ts';

export type { QueueConfig } from './config.ts';
export type { QueueInstall } from './install/install.ts';
export type { QueueKeeperDeps, QueueKeeperOptions, QueueKeeperStatus } from './ticker/keeper.ts';
