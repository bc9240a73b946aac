/** `{"1",NULL}`: an array as text, as PostgreSQL reads it; whatever the driver makes of arrays. */
export function arrayLiteral(values: readonly (string | null)[]): string {
  return `{${values.map(toElement).join(',')}}`;
}

function toElement(value: string | null): string {
  return value === null ? 'NULL' : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
