import { databaseCommand } from './operation.ts';

/** `RESUME [db]`, after PAUSE, KILL or SUSPEND. */
export const resume = databaseCommand('RESUME', ({ operations }, database) =>
  operations.resume(database),
);
