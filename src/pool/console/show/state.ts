import type { Show } from '../command.ts';
import { columns } from '../values.ts';

export const showState: Show = {
  name: 'STATE',
  columns: columns('key value'),
  rows: ({ pooler: { isPaused, isSuspended } }) => [
    ['active', yesOrNo(!isPaused && !isSuspended)],
    ['paused', yesOrNo(isPaused)],
    ['suspended', yesOrNo(isSuspended)],
  ],
};

function yesOrNo(is: boolean): string {
  return is ? 'yes' : 'no';
}
