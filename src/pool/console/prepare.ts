import { Refusal } from '../refusal.ts';
import type { Action } from './command.ts';
import { commands } from './commands/index.ts';
import { invalidCommand, parseStatements, type Statement } from './parse-command.ts';

const commandsByName = new Map(commands.map((command) => [command.name, command]));

/** What a text asks for, one action a statement. @throws Refusal  the first that is no command */
export function prepareAll(text: string): (() => Action)[] {
  return parseStatements(text).map((statement) => () => prepareOne(statement));
}

/** What one statement asks for; null: it is empty. @throws Refusal */
export function prepareSingle(text: string): Action | null {
  const [first, ...more] = prepareAll(text);
  if (more.length > 0) {
    throw new Refusal('42601', 'cannot insert multiple commands into a prepared statement');
  }
  return first?.() ?? null;
}

function prepareOne({ text, words }: Statement): Action {
  const [first, ...rest] = words;
  const name = first?.kind === 'bare' ? first.text.toUpperCase() : '';
  const action = commandsByName.get(name)?.parse(rest);
  if (action === undefined || action === null) throw invalidCommand(text);
  return action;
}
