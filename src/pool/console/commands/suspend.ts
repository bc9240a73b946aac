import type { Command } from '../command.ts';
import { action } from './operation.ts';

/** `SUSPEND`: answers when nothing is on its way any more. */
export const suspend: Command = {
  name: 'SUSPEND',
  parse: (words) =>
    words.length === 0 ? action('SUSPEND', (_context, _signal, asker) => asker.suspend()) : null,
};
