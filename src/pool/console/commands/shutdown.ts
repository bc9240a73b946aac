import type { ShutdownMode } from '../../operations.ts';
import type { Command } from '../command.ts';
import { action, optionalName } from './operation.ts';

const modes: Readonly<Record<string, ShutdownMode>> = {
  WAIT_FOR_CLIENTS: 'wait_for_clients',
  WAIT_FOR_SERVERS: 'wait_for_servers',
};

/** `SHUTDOWN [WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS]`: answers at once, the end comes when it comes. */
export const shutdown: Command = {
  name: 'SHUTDOWN',
  parse: (words) => {
    const word = optionalName(words);
    if (word === undefined) return null;
    const mode = word === null ? 'immediate' : modes[word.toUpperCase()];
    if (mode === undefined) return null;
    return action('SHUTDOWN', ({ operations, pooler }) => {
      operations.shutdown(mode).catch((error: unknown) => {
        pooler.log.error('the shutdown failed', { error });
      });
    });
  },
};
