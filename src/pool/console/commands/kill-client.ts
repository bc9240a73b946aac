import { Refusal } from '../../refusal.ts';
import type { Command } from '../command.ts';
import { action, optionalName } from './operation.ts';

/** `KILL_CLIENT id`, with the id of SHOW CLIENTS. */
export const killClient: Command = {
  name: 'KILL_CLIENT',
  parse: (words) => {
    const id = optionalName(words);
    if (id === undefined) return null;
    return action('KILL_CLIENT', ({ operations, sessions }) => {
      if (id === null || !/^\d+$/.test(id)) {
        throw new Refusal('08P01', 'invalid client pointer supplied');
      }
      const session = [...sessions].find((known) => known.id === Number(id));
      if (session === undefined) operations.killClient(Number(id));
      else session.kill('admin forced disconnect');
    });
  },
};
