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

const patterns = new RegExp(
  [
    '(?<space>[ \\t\\n\\r\\f\\v]+|--[^\\n\\r]*)',
    '(?<comment>/\\*)',
    "(?<escaped>[eE]'(?:[^'\\\\]|\\\\.|'')*(?:'|$))",
    "(?<literal>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|$))",
    '(?<dollar>\\$(?:[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)?\\$)',
    '(?<identifier>"(?:[^"]|"")*(?:"|$))',
    '(?<word>[A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*)',
    '(?<symbol>[^])',
  ].join('|'),
  'gy',
);

/**
 * The tokens of a text, as PostgreSQL's own lexer cuts it. A text that ends inside a quote or comment ends there:
 * what it means is the server's to say.
 */
export function* sqlTokens(text: string): Generator<SqlToken> {
  let at = 0;
  while (at < text.length) {
    patterns.lastIndex = at;
    const groups = patterns.exec(text)?.groups ?? {};
    const start = at;
    at = patterns.lastIndex;
    if (groups['comment'] !== undefined) at = endOfComment(text, start);
    else if (groups['dollar'] !== undefined) {
      const close = text.indexOf(groups['dollar'], at);
      at = close < 0 ? text.length : close + groups['dollar'].length;
      yield { kind: 'literal', text: '', start, end: at };
    } else if (groups['escaped'] !== undefined || groups['literal'] !== undefined) {
      yield { kind: 'literal', text: '', start, end: at };
    } else if (groups['identifier'] !== undefined) {
      yield { kind: 'identifier', text: unquoted(groups['identifier']), start, end: at };
    } else if (groups['word'] !== undefined) {
      yield { kind: 'word', text: folded(groups['word']), start, end: at };
    } else if (groups['symbol'] !== undefined) {
      yield { kind: 'symbol', text: groups['symbol'], start, end: at };
    }
  }
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
