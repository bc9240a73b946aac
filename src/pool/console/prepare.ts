import { Refusal } from '../refusal.ts';
import type { Asked } from './command.ts';
import { commands } from './commands/index.ts';
import { invalidCommand, parseStatements, type Statement, type Word } from './parse-command.ts';

const commandsByName = new Map(commands.map((command) => [command.name, command]));

/** What a text asks for, one action a statement. @throws Refusal  the first that is no command */
export function prepareAll(text: string): (() => Asked)[] {
  return parseStatements(text).map((statement) => () => prepareOne(statement));
}

/** What one statement asks for; null: it is empty. @throws Refusal */
export function prepareSingle(text: string): Asked | null {
  const [first, ...more] = prepareAll(text);
  if (more.length > 0) {
    throw new Refusal('42601', 'cannot insert multiple commands into a prepared statement');
  }
  return first?.() ?? null;
}

function prepareOne({ text, words }: Statement): Asked {
  const [first, ...rest] = words;
  const name = first?.kind === 'bare' ? first.text.toUpperCase() : '';
  const action = commandsByName.get(name)?.parse(rest);
  if (action === undefined || action === null) throw invalidCommand(text);
  return { ...action, text: [name, ...withoutSecrets(name, rest)].join(' ') };
}

/** What TAKEOVER hands on holds a whole environment; what is set for a password may be one. */
function withoutSecrets(name: string, words: readonly Word[]): string[] {
  if (name === 'TAKEOVER') return ['***'];
  const isSecret = name === 'SET' && /password|secret/i.test(words[0]?.text ?? '');
  return words.map(({ text }, i) => (isSecret && i > 1 ? '***' : text));
}
