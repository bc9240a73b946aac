import { databaseCommand } from './operation.ts';

/** `KILL [db]`. */
export const kill = databaseCommand('KILL', ({ operations }, database) =>
  operations.kill(database),
);
