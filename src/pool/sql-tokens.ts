/**
 * A piece of SQL: a word (folded to lower case), a quoted identifier, or a single other character. Literals
 * and comments are left out. `start` and `end` are offsets in the text.
 */
export interface SqlToken {
  readonly kind: 'word' | 'identifier' | 'literal' | 'symbol';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The lexer's letters: what a word begins with, and what it goes on with. */
function isWordStart(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code > 0x7f
  );
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code) || code === 0x24;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

const quote = 0x27;
const doubleQuote = 0x22;
const dollar = 0x24;
const dash = 0x2d;
const slash = 0x2f;
const star = 0x2a;
const backslash = 0x5c;

/**
 * The tokens of a text, as PostgreSQL's own lexer cuts it. A text that ends inside a quote or comment ends there:
 * what it means is the server's to say. One pass, whatever the text.
 */
export function* sqlTokens(text: string): Generator<SqlToken> {
  let at = 0;
  while (at < text.length) {
    const start = at;
    const code = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    if (isSpace(code)) {
      at++;
    } else if (code === dash && next === dash) {
      at = endOfLine(text, at);
    } else if (code === slash && next === star) {
      at = endOfComment(text, at);
    } else if (code === quote) {
      at = endOfQuoted(text, at + 1, quote, false);
      yield { kind: 'literal', text: '', start, end: at };
    } else if (next === quote && (code | 0x20) === 0x65 /* e */) {
      at = endOfQuoted(text, at + 2, quote, true);
      yield { kind: 'literal', text: '', start, end: at };
    } else if (code === doubleQuote) {
      at = endOfQuoted(text, at + 1, doubleQuote, false);
      yield { kind: 'identifier', text: unquoted(text.slice(start, at)), start, end: at };
    } else if (code === dollar && !isDigit(next)) {
      at = endOfDollarQuoted(text, at);
      const kind = at === start + 1 ? 'symbol' : 'literal';
      yield { kind, text: kind === 'symbol' ? '$' : '', start, end: at };
    } else if (isWordStart(code)) {
      do at++;
      while (at < text.length && isWordPart(text.charCodeAt(at)));
      yield { kind: 'word', text: folded(text.slice(start, at)), start, end: at };
    } else {
      at++;
      yield { kind: 'symbol', text: text[start]!, start, end: at };
    }
  }
}

function endOfLine(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** @param from  behind the opening quote; a quote written twice is one, and no end */
function endOfQuoted(text: string, from: number, mark: number, hasEscapes: boolean): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (hasEscapes && code === backslash) {
      at += 2;
    } else if (code !== mark) {
      at++;
    } else if (text.charCodeAt(at + 1) === mark) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return text.length;
}

/** @returns `start + 1`: no quote begins here */
function endOfDollarQuoted(text: string, start: number): number {
  let at = start + 1;
  while (isWordStart(text.charCodeAt(at)) || (at > start + 1 && isDigit(text.charCodeAt(at)))) at++;
  if (text.charCodeAt(at) !== dollar) return start + 1;
  const tag = text.slice(start, at + 1);
  const close = text.indexOf(tag, at + 1);
  return close < 0 ? text.length : close + tag.length;
}

/** The statements of a text, each as its tokens; empty ones are left out. */
export function sqlStatements(text: string): SqlToken[][] {
  const statements: SqlToken[][] = [];
  let current: SqlToken[] = [];
  for (const token of sqlTokens(text)) {
    if (token.kind === 'symbol' && token.text === ';') {
      if (current.length > 0) statements.push(current);
      current = [];
    } else {
      current.push(token);
    }
  }
  if (current.length > 0) statements.push(current);
  return statements;
}

/** As PostgreSQL folds: other letters than ASCII's stay, they may be bytes of longer characters. */
function folded(word: string): string {
  return word.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Comments nest. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    if (text.startsWith('/*', at)) {
      depth++;
      at += 2;
    } else if (text.startsWith('*/', at)) {
      depth--;
      at += 2;
      if (depth === 0) return at;
    } else {
      at++;
    }
  }
  return at;
}

function unquoted(identifier: string): string {
  const inner =
    identifier.endsWith('"') && identifier.length > 1
      ? identifier.slice(1, -1)
      : identifier.slice(1);
  return inner.replaceAll('""', '"');
}
