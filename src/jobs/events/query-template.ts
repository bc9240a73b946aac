import { SluiceError } from '../../errors/index.ts';
import { quoteLiteral } from '../../session/index.ts';

export type Value = string | number | bigint | boolean | null;

type Part = { readonly text: string } | { readonly field: string };

/**
 * SQL with places for values, as Python's database drivers have them:
 *
 *     insert into t values (%(id)s, %(pgq.ev_time)s)     insert into t values ('7', '2026-11-21T10:00:00Z')
 *
 * `%%` is a percent sign. A value becomes a literal of no type: PostgreSQL takes it for what the place needs.
 */
export class QueryTemplate {
  readonly #parts: readonly Part[];

  /** @throws JOBS_QUERY  a `%` that begins nothing */
  constructor(sql: string, setting: string) {
    this.#parts = readParts(sql, setting);
  }

  get fields(): readonly string[] {
    return this.#parts.flatMap((part) => ('field' in part ? [part.field] : []));
  }

  /**
   * @param write  how a value stands in the text: as a literal, unless the text is a name
   * @throws JOBS_QUERY_FIELD  there is no value of that name
   */
  fill(
    values: Readonly<Record<string, Value>>,
    setting: string,
    write: (value: Value) => string = literal,
  ): string {
    return this.#parts
      .map((part) => {
        if ('text' in part) return part.text;
        const value = Object.hasOwn(values, part.field) ? values[part.field] : undefined;
        if (value === undefined) {
          throw new SluiceError('JOBS_QUERY_FIELD', { setting, field: part.field });
        }
        return write(value);
      })
      .join('');
  }
}

function readParts(sql: string, setting: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of sql.matchAll(/%(?:\((?<field>[^)]*)\)s|(?<percent>%)|)/g)) {
    parts.push({ text: sql.slice(at, match.index) });
    const { field, percent } = match.groups ?? {};
    if (field === undefined && percent === undefined) {
      throw new SluiceError('JOBS_QUERY', {
        setting,
        place: sql.slice(match.index, match.index + 20),
      });
    }
    parts.push(field === undefined ? { text: '%' } : { field });
    at = match.index + match[0].length;
  }
  parts.push({ text: sql.slice(at) });
  return parts;
}

function literal(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return quoteLiteral(value);
  return String(value);
}
