import { quoteIdentifier } from '../session/index.ts';

/**
 * One simple query that sets several parameters.
 *
 *     SET "DateStyle" = E'German';SET "TimeZone" = E'UTC'
 *     SELECT pg_catalog.set_config('search_path', E'a, b', false)
 */
export function setParametersSql(parameters: readonly (readonly [string, string])[]): string {
  return parameters
    .map(([name, value]) =>
      quotedLists.has(name.toLowerCase())
        ? `SELECT pg_catalog.set_config('${name.replaceAll("'", "''")}', ${escapedLiteral(value)}, false)`
        : `SET ${quoteIdentifier(name)} = ${escapedLiteral(value)}`,
    )
    .join(';');
}

/** Lists of names, of which SET would take a literal for a single name with commas in it. */
const quotedLists = new Set(['search_path', 'temp_tablespaces', 'local_preload_libraries']);

/** Means the same whether standard_conforming_strings is on or off. */
function escapedLiteral(value: string): string {
  return `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
