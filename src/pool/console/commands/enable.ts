import { requiredDatabaseCommand } from './operation.ts';

/** `ENABLE db`. */
export const enable = requiredDatabaseCommand('ENABLE', ({ operations }, database) =>
  operations.enable(database),
);
