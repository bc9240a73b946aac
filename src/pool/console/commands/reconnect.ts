import { databaseCommand } from './operation.ts';

/** `RECONNECT [db]`. */
export const reconnect = databaseCommand('RECONNECT', ({ operations }, database) =>
  operations.reconnect(database),
);
