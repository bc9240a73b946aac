import { parseArray, type ArrayValue } from './parse-array.ts';
import type { ValueType } from './value-type.ts';

/** A value, as PostgreSQL writes it in the settings of our sessions, as JSON. SQL NULL is null. */
export function encodeValue(text: string | null, type: ValueType): string {
  if (text === null) return 'null';
  if (typeof type === 'object') return encodeArray(parseArray(text), type.array);
  switch (type) {
    case 'boolean':
      return text === 't' ? 'true' : 'false';
    case 'number':
      // Its text is JSON already, and shortest: a detour through a double would make 0 of -0.
      return /\d$/.test(text) ? text : JSON.stringify(text);
    case 'json':
      return text;
    case 'bytes':
      return JSON.stringify(Buffer.from(text.slice(2), 'hex').toString('base64'));
    default:
      return JSON.stringify(text);
  }
}

function encodeArray(values: readonly ArrayValue[], type: ValueType): string {
  const elements = values.map((value) =>
    typeof value === 'object' && value !== null
      ? encodeArray(value, type)
      : encodeValue(value, type),
  );
  return `[${elements.join(',')}]`;
}
