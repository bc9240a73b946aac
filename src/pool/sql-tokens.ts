/**
 * A piece of SQL: a word (folded to lower case), a quoted identifier, a literal, whose text is left out, or a
 * single other character. Comments are none. `start` and `end` are offsets in the text.
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
 * The statements of a text, each as its tokens, as PostgreSQL's own lexer cuts it; empty ones are left out. A
 * text that ends inside a quote or comment ends there: what it means is the server's to say. One pass, whatever
 * the text.
 */
export function sqlStatements(text: string): SqlToken[][] {
  const statements: SqlToken[][] = [];
  let current: SqlToken[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    if (typeof token === 'number') {
      at = token;
      continue;
    }
    at = token.end;
    if (token.kind !== 'symbol' || token.text !== ';') {
      current.push(token);
    } else if (current.length > 0) {
      statements.push(current);
      current = [];
    }
  }
  if (current.length > 0) statements.push(current);
  return statements;
}

/** What begins at `start`; where spaces or a comment end that do. */
function tokenAt(text: string, start: number): SqlToken | number {
  const code = text.charCodeAt(start);
  if (isSpace(code)) return start + 1;
  if (isWordStart(code)) {
    const isEscaped = (code | 0x20) === 0x65 /* e */ && text.charCodeAt(start + 1) === quote;
    return isEscaped ? literal(start, endOfEscaped(text, start + 2)) : wordAt(text, start);
  }
  if (isDigit(code)) return literal(start, endOfDigits(text, start));
  switch (code) {
    case quote:
      return literal(start, endOfQuoted(text, start + 1, "'"));
    case doubleQuote: {
      const end = endOfQuoted(text, start + 1, '"');
      return { kind: 'identifier', text: unquoted(text.slice(start, end)), start, end };
    }
    case dollar: {
      const end = endOfDollarQuoted(text, start);
      return end === start + 1 ? symbolAt(text, start) : literal(start, end);
    }
    case dash:
      return text.charCodeAt(start + 1) === dash ? endOfLine(text, start) : symbolAt(text, start);
    case slash:
      return text.charCodeAt(start + 1) === star
        ? endOfComment(text, start)
        : symbolAt(text, start);
    default:
      return symbolAt(text, start);
  }
}

function literal(start: number, end: number): SqlToken {
  return { kind: 'literal', text: '', start, end };
}

function symbolAt(text: string, start: number): SqlToken {
  return { kind: 'symbol', text: text[start]!, start, end: start + 1 };
}

function wordAt(text: string, start: number): SqlToken {
  let end = start;
  let hasCapitals = false;
  do {
    const code = text.charCodeAt(end++);
    hasCapitals ||= code <= 0x5a && code >= 0x41;
  } while (end < text.length && isWordPart(text.charCodeAt(end)));
  const word = text.slice(start, end);
  return { kind: 'word', text: hasCapitals ? folded(word) : word, start, end };
}

function endOfDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

function endOfLine(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** @param from  behind the opening quote; a quote written twice is one, and no end */
function endOfQuoted(text: string, from: number, mark: string): number {
  for (let at = from; ; at += 2) {
    at = text.indexOf(mark, at);
    if (at < 0) return text.length;
    if (text[at + 1] !== mark) return at + 1;
  }
}

/** The same where a backslash takes the next character's meaning. */
function endOfEscaped(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 2;
    else if (code !== quote) at++;
    else if (text.charCodeAt(at + 1) === quote) at += 2;
    else return at + 1;
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
