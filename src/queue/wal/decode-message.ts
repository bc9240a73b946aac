/** The six fields of an event, null for SQL NULL: type, data, four extras. */
export type EventFields = readonly (string | null)[];

/** Fields, or why there are none: any role may write a message that looks like an event's. */
export type Decoded = { readonly fields: EventFields } | { readonly reason: string };

const fieldCount = 6;
/** Above this a message is no event of a program in its senses, and memory must not hold it three times. */
const maxBytes = 128 * 1024 ** 2;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of a row, as `row(...)::text` writes it: `(placed,"{""id"": 1}",,,,)`.
 *
 * @example decodeMessage(Buffer.from('(a,"b c",,"",,)')).fields: ['a', 'b c', null, '', null, null]
 */
export function decodeMessage(content: Buffer): Decoded {
  if (content.length > maxBytes) return { reason: `the message has ${content.length} bytes` };
  const text = readText(content);
  if (text === null) return { reason: 'the message is not text' };
  const fields = readRow(text);
  if (fields === null) return { reason: 'the message is not the text of a row' };
  if (fields.length === fieldCount) return { fields };
  return { reason: `the message has ${fields.length} fields in place of ${fieldCount}` };
}

/** Null when it is not UTF-8, or has a zero byte, which no text of PostgreSQL has. */
function readText(content: Buffer): string | null {
  if (content.includes(0)) return null;
  try {
    return utf8.decode(content);
  } catch {
    return null;
  }
}

function readRow(text: string): (string | null)[] | null {
  const last = text.length - 1;
  if (text[0] !== '(' || text[last] !== ')') return null;
  const fields: (string | null)[] = [];
  for (let at = 1; ; at += 1) {
    const isQuoted = text[at] === '"';
    const end = isQuoted ? quoteEnd(text, at + 1) : plainEnd(text, at, last);
    if (end === -1) return null;
    const field = isQuoted ? unquote(text.slice(at + 1, end)) : plain(text.slice(at, end));
    if (field === undefined) return null;
    fields.push(field);
    at = isQuoted ? end + 1 : end;
    if (at === last) return fields;
    if (text[at] !== ',' || fields.length > fieldCount) return null;
  }
}

function plainEnd(text: string, from: number, last: number): number {
  const comma = text.indexOf(',', from);
  return comma === -1 ? last : comma;
}

/** Where the closing quote is: one that no second one follows. */
function quoteEnd(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

function plain(field: string): string | null | undefined {
  if (field === '') return null;
  return /["\\()]/.test(field) ? undefined : field;
}

/** Undefined where a backslash stands alone: it would be another text for PostgreSQL. */
function unquote(field: string): string | undefined {
  const withQuotes = field.includes('"') ? field.replaceAll('""', '"') : field;
  if (!withQuotes.includes('\\')) return withQuotes;
  const parts = withQuotes.split('\\\\');
  return parts.some((part) => part.includes('\\')) ? undefined : parts.join('\\');
}
