import type { Action, Command } from '../command.ts';
import { sessionVariables } from '../session-variables.ts';
import type { Word } from '../parse-command.ts';
import { action } from './operation.ts';

/** What drivers set right after the login. The console has none of it. */
const ignored = new Set(['application_name', 'extra_float_digits', ...sessionVariables.keys()]);

const ignore: Action = {
  needsAdmin: false,
  columns: null,
  run: () => ({ tag: 'SET', notice: { message: 'SET ignored' } }),
};

/** `SET key = value`, `SET key TO value`. */
export const set: Command = {
  name: 'SET',
  parse: (words) => {
    const [key, equals, value, ...more] = words;
    if (key === undefined || equals === undefined || value === undefined) return null;
    if (key.kind === 'string' || !isEquals(equals) || value.kind === 'equals') return null;
    if (more.length > 0) return null;
    if (ignored.has(key.text.toLowerCase())) return ignore;
    return action(`SET ${key.text}=${value.text}`, ({ operations }) =>
      operations.set(key.text, value.text),
    );
  },
};

function isEquals({ kind, text }: Word): boolean {
  return kind === 'equals' || (kind === 'bare' && text.toUpperCase() === 'TO');
}
