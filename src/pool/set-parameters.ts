import { quoteIdentifier } from '../session/index.ts';

/**
 * One simple query that sets several parameters.
 *
 *     SET "DateStyle" = E'German';SET "TimeZone" = E'UTC'
 */
export function setParametersSql(parameters: readonly (readonly [string, string])[]): string {
  return parameters
    .map(([name, value]) => `SET ${quoteIdentifier(name)} = ${escapedLiteral(value)}`)
    .join(';');
}

/** Means the same whether standard_conforming_strings is on or off. */
function escapedLiteral(value: string): string {
  return `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
