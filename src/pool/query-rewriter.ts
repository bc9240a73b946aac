import type { Mark } from './expectations.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import type { SessionStateRules } from './session-state.ts';
import { rewritePrepared } from './sql-prepared.ts';
import type { NamedStatements } from './statements.ts';

/** With which words a text begins that matters to every pool. */
const namingWords = [
  'prepare',
  'execute',
  'explain',
  'deallocate',
  'discard',
  'listen',
  'unlisten',
] as const;
/** The same in a statement that is not the first. */
const laterNamingWord = /prepare|execute|deallocate|discard|listen/i;

/**
 * What the texts of a client's queries mean to the pool: names of statements and channels that are the
 * client's own, and, in mode `auto`, state that no other server has.
 */
export class QueryRewriter {
  readonly #state: SessionStateRules | null;

  /** @param state  null: session state is not watched for */
  constructor(state: SessionStateRules | null) {
    this.#state = state;
  }

  /** Whether the text in `bytes[start, end)`, or the text that begins so, must be read. */
  mayMatter(bytes: Buffer, start: number, end: number): boolean {
    return (
      this.#state !== null ||
      beginsWithNamingWord(bytes, start, end) ||
      goesOnWithNamingWord(bytes, start, end)
    );
  }

  /** The same for a Parse message, whose text comes after a name. */
  mayMatterInParse(bytes: Buffer, at: number, next: number): boolean {
    if (this.#state !== null) return true;
    const nameEnd = bytes.indexOf(0, at + 5);
    return nameEnd > 0 && beginsWithNamingWord(bytes, nameEnd + 1, next);
  }

  reasonToPin(text: string): string | null {
    return this.#state?.reasonToKeep(text) ?? null;
  }

  /**
   * A text that names prepared statements, as the server knows them, and what it needs for it sent ahead.
   *
   * @param isPipelined  the text comes in a Parse
   * @returns null: nothing to change
   */
  rewritePrepared(
    text: string,
    prepared: PreparedStatements,
    statements: NamedStatements,
    most: number,
    isPipelined: boolean,
  ): { text: string; mark: Mark | null } | null {
    const rewritten = rewritePrepared(text, (name) => statements.find(name));
    if (rewritten === null) return null;
    const keptBytes = rewritten.makes.reduce((sum, { keptBytes: bytes }) => sum + bytes, 0);
    if (keptBytes > 0 && !statements.hasRoomFor(keptBytes)) return statements.refused;
    for (const statement of rewritten.needs) prepared.ensure(statement, most, isPipelined);
    for (const statement of rewritten.makes) prepared.add(statement, most);
    for (const statement of rewritten.drops) prepared.delete(statement);
    for (const { name, statement } of rewritten.names) {
      if (statement === null) statements.delete(name);
      else statements.set(name, statement);
    }
    const { rename, names, makes, drops, isOne } = rewritten;
    if (rename === null) return { text: rewritten.text, mark: null };
    // A text that failed made nothing. What it dropped is known only of a single statement.
    const undo = (): void => {
      for (const statement of makes) prepared.delete(statement);
      for (const { name, statement } of names) if (statement !== null) statements.delete(name);
      for (const [i, { name }] of names.filter(({ statement }) => statement === null).entries()) {
        if (isOne) statements.set(name, drops[i]!);
      }
      for (const statement of drops) prepared.doubt(statement, isOne);
    };
    return { text: rewritten.text, mark: { undo, rename } };
  }
}

function beginsWithNamingWord(bytes: Buffer, start: number, end: number): boolean {
  const at = firstWordAt(bytes, start, end);
  // Comments hide the word: such a text is read.
  if (at < 0) return true;
  switch (bytes[at]! | 0x20) {
    case 0x70: // p
    case 0x65: // e
    case 0x64: // d
    case 0x6c: // l
    case 0x75: // u
      return isOneOf(bytes, at, end, namingWords);
    default:
      return false;
  }
}

/** What comes behind the first semicolon: nearly always nothing. */
function goesOnWithNamingWord(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] !== 0x3b) at++;
  // Behind the last one is the text's end, a zero.
  if (at + 2 >= end) return false;
  return laterNamingWord.test(bytes.toString('latin1', at + 1, end));
}

/** -1: a comment comes first. */
function firstWordAt(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at]! <= 0x20 || bytes[at] === 0x3b)) at++;
  const isComment = bytes[at] === 0x2d || bytes[at] === 0x2f;
  return isComment ? -1 : at;
}

function isOneOf(bytes: Buffer, at: number, end: number, words: readonly string[]): boolean {
  const word = bytes.toString('latin1', at, Math.min(end, at + 11)).toLowerCase();
  return words.some((known) => word.startsWith(known));
}
