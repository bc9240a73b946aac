import type { Command } from '../command.ts';
import type { Word } from '../parse-command.ts';
import { action } from './operation.ts';

/** Parameters of a session that drivers set right after the login. The console has none of them. */
const ofSession = new Set(['application_name', 'client_encoding', 'extra_float_digits']);

/** `SET key = value`, `SET key TO value`. */
export const set: Command = {
  name: 'SET',
  parse: (words) => {
    const [key, equals, value, ...more] = words;
    if (key === undefined || equals === undefined || value === undefined) return null;
    if (key.kind === 'string' || !isEquals(equals) || value.kind === 'equals') return null;
    if (more.length > 0) return null;
    return action(`SET ${key.text}=${value.text}`, async ({ operations }) => {
      if (!ofSession.has(key.text.toLowerCase())) await operations.set(key.text, value.text);
    });
  },
};

function isEquals({ kind, text }: Word): boolean {
  return kind === 'equals' || (kind === 'bare' && text.toUpperCase() === 'TO');
}
