import { plainCommand } from './operation.ts';

/** `RELOAD`. */
export const reload = plainCommand('RELOAD', ({ operations }) => operations.reload());
