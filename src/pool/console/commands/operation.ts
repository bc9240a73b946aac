import { Refusal } from '../../refusal.ts';
import type { Action, Command, ConsoleContext, SessionFacts } from '../command.ts';
import type { Word } from '../parse-command.ts';

type Run<T> = (context: ConsoleContext, argument: T, signal: AbortSignal) => Promise<void> | void;

/** A command that changes something and answers with its tag. */
export function action(
  tag: string,
  run: (context: ConsoleContext, signal: AbortSignal, asker: SessionFacts) => Promise<void> | void,
): Action {
  return {
    needsAdmin: true,
    isOperation: true,
    columns: null,
    run: async (context, signal, asker) => {
      await run(context, signal, asker);
      return { tag };
    },
  };
}

/** `NAME`. */
export function plainCommand(name: string, run: Run<null>): Command {
  return {
    name,
    parse: (words) =>
      words.length === 0 ? action(name, (context, signal) => run(context, null, signal)) : null,
  };
}

/** `NAME [database]`; the run gets null for all. */
export function databaseCommand(name: string, run: Run<string | null>): Command {
  return {
    name,
    parse: (words) => {
      const database = optionalName(words);
      if (database === undefined) return null;
      return action(name, (context, signal) => run(context, database, signal));
    },
  };
}

/** `NAME database`. */
export function requiredDatabaseCommand(name: string, run: Run<string>): Command {
  return databaseCommand(name, (context, database, signal) => {
    if (database === null) throw new Refusal('08P01', 'a database is required');
    return run(context, database, signal);
  });
}

/** @returns null: none; undefined: something else than one name */
export function optionalName(words: readonly Word[]): string | null | undefined {
  const [word, ...more] = words;
  if (word === undefined) return null;
  const isName = word.kind === 'bare' || word.kind === 'name';
  return isName && more.length === 0 ? word.text : undefined;
}
