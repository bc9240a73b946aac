import { SluiceError } from '../errors/index.ts';
import type { TableName } from './table.ts';

/** A list of table patterns, ready to ask. */
export interface TablePatterns {
  /** One of the patterns without `!` matches, or there are none. */
  includes(table: TableName): boolean;
  /** One of the patterns with `!` matches; that is stronger than any other. */
  excludes(table: TableName): boolean;
  /** The patterns without `!` that match none of these tables. */
  unmatched(tables: readonly TableName[]): string[];
}

interface Pattern {
  readonly text: string;
  readonly isExclusion: boolean;
  readonly schema: RegExp;
  readonly name: RegExp;
}

/**
 * Compiles patterns as `sluice.toml` and `--tables` take them: `public.*`, `shop.order_?`,
 * `!public.audit_*`, `"My Schema"."Weird.Name"`, and `*` for every table.
 *
 * Always schema and name, since the search path of another session must not change the meaning. As in
 * SQL, letters fold to lower case outside of double quotes; inside them everything is literal, `*`
 * and `?` too. The order of patterns does not matter.
 *
 * @throws CATALOG_PATTERN
 */
export function compilePatterns(patterns: readonly string[]): TablePatterns {
  const compiled = patterns.map(compilePattern);
  const wanted = compiled.filter((pattern) => !pattern.isExclusion);
  const unwanted = compiled.filter((pattern) => pattern.isExclusion);
  return {
    includes: (table) => wanted.length === 0 || wanted.some((pattern) => matches(pattern, table)),
    excludes: (table) => unwanted.some((pattern) => matches(pattern, table)),
    unmatched: (tables) =>
      wanted
        .filter((pattern) => !tables.some((table) => matches(pattern, table)))
        .map((pattern) => pattern.text),
  };
}

function matches(pattern: Pattern, table: TableName): boolean {
  return pattern.schema.test(table.schema) && pattern.name.test(table.name);
}

function compilePattern(text: string): Pattern {
  const isExclusion = text.trimStart().startsWith('!');
  const body = text
    .trim()
    .slice(isExclusion ? 1 : 0)
    .trim();
  const [schema, name, ...rest] = body === '*' ? ['.*', '.*'] : splitPattern(text, body);
  if (!schema || !name || rest.length > 0) {
    throw new SluiceError('CATALOG_PATTERN', {
      pattern: text,
      problem: 'expected schema.table, with * and ? as wildcards',
    });
  }
  return { text, isExclusion, schema: wholeName(schema), name: wholeName(name) };
}

function wholeName(source: string): RegExp {
  return new RegExp(`^${source}$`, 'su');
}

/** The parts between dots as regular expression sources; dots within quotes do not divide. */
function splitPattern(text: string, body: string): string[] {
  const parts = [''];
  const token = /"((?:[^"]|"")*)"|(\.)|([^".\s]+)/uy;
  while (token.lastIndex < body.length) {
    const at = token.lastIndex;
    const match = token.exec(body);
    if (match === null) {
      const problem = body[at] === '"' ? 'a quote is not closed' : 'a space outside of quotes';
      throw new SluiceError('CATALOG_PATTERN', { pattern: text, problem });
    }
    const [, quoted, dot, plain = ''] = match;
    if (dot !== undefined) parts.push('');
    else {
      const source =
        quoted === undefined ? wildcards(plain) : literal(quoted.replaceAll('""', '"'));
      parts.push((parts.pop() ?? '') + source);
    }
  }
  return parts;
}

function wildcards(plain: string): string {
  return literal(plain.toLowerCase())
    .replaceAll(String.raw`\*`, '.*')
    .replaceAll(String.raw`\?`, '.');
}

function literal(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}/]/gu, String.raw`\$&`);
}
