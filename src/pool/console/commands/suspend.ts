import { plainCommand } from './operation.ts';

/** `SUSPEND`: answers when nothing is on its way any more. */
export const suspend = plainCommand('SUSPEND', ({ operations }, _nothing, signal) =>
  operations.suspend(signal),
);
