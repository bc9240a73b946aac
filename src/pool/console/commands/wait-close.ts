import { databaseCommand } from './operation.ts';

/** `WAIT_CLOSE [db]`: answers when the servers that RECONNECT or RELOAD has given up are closed. */
export const waitClose = databaseCommand('WAIT_CLOSE', ({ operations }, database, signal) =>
  operations.waitClose(database, signal),
);
