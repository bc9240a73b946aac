import { shows } from '../show/index.ts';
import { sessionVariables } from '../session-variables.ts';
import { columns } from '../values.ts';
import type { Action, Command, Show } from '../command.ts';
import { rowsOf } from '../../threads/merge.ts';
import { optionalName } from './operation.ts';
import { helpText } from './help.ts';

const variables: readonly Show[] = [...sessionVariables].map(([name, value]) => ({
  name: name.toUpperCase(),
  columns: columns(name),
  rows: () => [[value]],
}));

const showsByName = new Map([...shows, ...variables].map((show) => [show.name, show]));

const help: Action = {
  needsAdmin: false,
  columns: null,
  run: () => ({ tag: 'SHOW', notice: { message: 'Console usage', detail: helpText } }),
};

/** `SHOW THING`, also written `SELECT THING`. */
function showCommand(name: string): Command {
  return {
    name,
    parse: (words) => {
      const what = optionalName(words)?.toUpperCase();
      if (what === 'HELP') return help;
      const shown = showsByName.get(what ?? '');
      return shown === undefined ? null : actionOf(shown);
    },
  };
}

function actionOf(shown: Show): Action {
  const { columns: known, needsAdmin = false } = shown;
  return {
    needsAdmin,
    columns: known,
    run: async (context) => {
      await context.others?.refresh();
      return { tag: 'SHOW', table: { columns: known, rows: rowsOf(shown, context) } };
    },
  };
}

export const show = showCommand('SHOW');
export const select = showCommand('SELECT');
