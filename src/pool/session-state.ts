import { sqlStatements, type SqlToken } from './sql-tokens.ts';
import type { TrackedNames } from './parameters.ts';
import { Remembered } from './remembered.ts';

const reasonSequence = 'value of a sequence';

/** Functions that leave something behind in the session, and what. */
const leavingFunctions = new Map([
  ['pg_advisory_lock', 'session advisory lock'],
  ['pg_advisory_lock_shared', 'session advisory lock'],
  ['pg_try_advisory_lock', 'session advisory lock'],
  ['pg_try_advisory_lock_shared', 'session advisory lock'],
  ['set_config', 'set_config'],
  ['setseed', 'setseed'],
  ['nextval', reasonSequence],
  ['setval', reasonSequence],
  ['currval', reasonSequence],
  ['lastval', reasonSequence],
]);

/** Texts whose answer is remembered: an application has a few hundred. */
const mostRemembered = 2_000;
/** Larger texts are bulk loads; they are looked at each time. */
const longestRemembered = 4_096;

/**
 * Without one of these, nothing is left behind: nearly every text, and 0.1 ms for 250 kB of it. Blanks are looked
 * through within a line only: a run of empty lines would be looked through again from each of them.
 */
const mayLeave =
  /(?:^|[;/\r\n])[^\S\r\n]*(?:set|load|declare)\b|\b(?:temp|temporary|pg_temp|set_config|setseed|nextval|setval|currval|lastval|pg_(?:try_)?advisory_lock(?:_shared)?)\b/i;
/** Cutting this much into words takes some 10 ms, in which nobody else is served. */
const longestCut = 256 * 1024;

/** Of a text that nobody has looked at. */
export const reasonUnread = 'text too long to look at';

/**
 * What a text leaves behind in its session that no other server has: the reason to keep the server, in the
 * words of SHOW CLIENTS, or null.
 *
 * What functions and DO blocks do inside cannot be seen from outside.
 */
export class SessionStateRules {
  readonly #tracked: TrackedNames;
  readonly #remembered = new Remembered<string | null>(mostRemembered);

  constructor(tracked: TrackedNames) {
    this.#tracked = tracked;
  }

  reasonToKeep(text: string): string | null {
    if (!mayLeave.test(text)) return null;
    if (text.length > longestCut) return reasonUnread;
    const known = this.#remembered.get(text);
    if (known !== undefined) return known;
    const reason = this.#find(text);
    if (text.length <= longestRemembered) {
      this.#remembered.set(text, reason);
    }
    return reason;
  }

  #find(text: string): string | null {
    for (const statement of sqlStatements(text)) {
      const reason = this.#ofStatement(statement);
      if (reason !== null) return reason;
    }
    return null;
  }

  #ofStatement(tokens: readonly SqlToken[]): string | null {
    const words = tokens.map(({ kind, text }) => (kind === 'word' ? text : ''));
    const [first = '', second = ''] = words;
    switch (first) {
      case 'load':
        return 'LOAD';
      case 'set':
        return this.#ofSet(tokens, second);
      case 'create':
      case 'explain':
        if (makesTemporary(words.slice(Math.max(0, words.indexOf('create')))))
          return 'temporary object';
        break;
      case 'declare':
        if (words.includes('hold')) return 'cursor WITH HOLD';
        break;
      default:
    }
    if (tokens.some(({ text }) => text === 'pg_temp')) return 'temporary object';
    const left = leftByFunction(tokens);
    if (left !== null) return left;
    if (first === 'select' || first === 'with') return selectsIntoTemporary(words);
    return null;
  }

  /** SET of what is carried from server to server is no state; nor is what ends with the transaction. */
  #ofSet(tokens: readonly SqlToken[], second: string): string | null {
    if (second === 'local' || second === 'transaction' || second === 'constraints') return null;
    const named = second === 'session' ? tokens.slice(2) : tokens.slice(1);
    const name = named[0]?.text ?? '';
    if (name === 'characteristics') return 'SET SESSION CHARACTERISTICS';
    if (name === 'authorization') return 'SET SESSION AUTHORIZATION';
    if (name === 'time') return null; // TIME ZONE
    if (name === 'names') return null; // client_encoding
    if (this.#tracked.indexOf(name) >= 0) return null;
    return `SET ${name}`;
  }
}

/** Of the functions that are called by name, quoted or not. */
function leftByFunction(tokens: readonly SqlToken[]): string | null {
  for (const [i, { kind, text }] of tokens.entries()) {
    const left = kind === 'word' || kind === 'identifier' ? leavingFunctions.get(text) : undefined;
    if (left !== undefined && tokens[i + 1]?.text === '(') return left;
  }
  return null;
}

/** CREATE [OR REPLACE] [GLOBAL | LOCAL] { TEMP | TEMPORARY } ... */
function makesTemporary(words: readonly string[]): boolean {
  const kind = words.find(
    (word, i) => i > 0 && !['or', 'replace', 'global', 'local'].includes(word),
  );
  return kind === 'temp' || kind === 'temporary';
}

function selectsIntoTemporary(words: readonly string[]): string | null {
  const into = words.indexOf('into');
  const next = words[into + 1];
  return into > 0 && (next === 'temp' || next === 'temporary') ? 'temporary object' : null;
}
