import { databaseCommand } from './operation.ts';

/** `PAUSE [db]`: answers when every server is closed. */
export const pause = databaseCommand('PAUSE', ({ operations }, database, signal) =>
  operations.pause(database, signal),
);
