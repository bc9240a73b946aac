import { Refusal } from '../refusal.ts';

/** One statement of what somebody typed. */
export interface Statement {
  /** For messages: as it was typed. */
  readonly text: string;
  readonly words: readonly Word[];
}

export interface Word {
  readonly kind: 'bare' | 'name' | 'string' | 'equals';
  /** Without quotes. */
  readonly text: string;
}

const tokenPattern =
  /(?<aside>\s+|--[^\n]*|\/\*[^]*?\*\/)|(?<string>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")+")|(?<end>;)|(?<equals>=)|(?<bare>[^\s"';=]+)|(?<wrong>[^])/g;

/**
 * The statements of a text, without empty ones. Comments are left out.
 *
 * @throws Refusal  a quote that is not closed
 */
export function parseStatements(text: string): Statement[] {
  const statements: { start: number; end: number; words: Word[] }[] = [];
  let words: Word[] = [];
  let start = 0;
  const finish = (end: number): void => {
    if (words.length > 0) statements.push({ start, end, words });
    words = [];
    start = end + 1;
  };
  for (const match of text.matchAll(tokenPattern)) {
    const groups = match.groups ?? {};
    if (groups['end'] !== undefined) finish(match.index);
    else if (groups['wrong'] !== undefined) throw invalidCommand(text);
    else if (groups['aside'] === undefined) words.push(wordOf(groups));
  }
  finish(text.length);
  // Whoever sent one statement finds it in the error as it was sent.
  const isOne = statements.length === 1;
  return statements.map((one) => ({
    text: isOne ? text : text.slice(one.start, one.end).trim(),
    words: one.words,
  }));
}

export function invalidCommand(text: string): Refusal {
  return new Refusal('08P01', `invalid command '${text}', use SHOW HELP;`);
}

function wordOf(groups: Readonly<Record<string, string | undefined>>): Word {
  const { string, name, bare = '=' } = groups;
  if (string !== undefined) {
    return { kind: 'string', text: string.slice(1, -1).replaceAll("''", "'") };
  }
  if (name !== undefined) return { kind: 'name', text: name.slice(1, -1).replaceAll('""', '"') };
  return { kind: groups['equals'] === undefined ? 'bare' : 'equals', text: bare };
}
