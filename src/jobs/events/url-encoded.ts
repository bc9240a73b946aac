/** What a row of a trigger holds, or any `name=value&name` text: null is a name without `=`. */
export type Fields = Record<string, string | null>;

/** `id=1&txt=a+b%2c&gone` */
export function readUrlEncoded(text: string): Fields {
  const fields: Fields = {};
  for (const part of text.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    if (at < 0) fields[unescape(part)] = null;
    else fields[unescape(part.slice(0, at))] = unescape(part.slice(at + 1));
  }
  return fields;
}

/** Bytes are those of UTF-8; a `%` without two digits stands for itself. */
function unescape(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  const spaced = text.replaceAll('+', ' ');
  return spaced.replaceAll(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
