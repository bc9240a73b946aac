import { requiredDatabaseCommand } from './operation.ts';

/** `DISABLE db`. */
export const disable = requiredDatabaseCommand('DISABLE', ({ operations }, database) =>
  operations.disable(database),
);
