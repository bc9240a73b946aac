/** What one line of a pgbouncer.ini says. */
export type IniLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'section'; readonly name: string }
  | { readonly kind: 'include'; readonly file: string }
  | { readonly kind: 'value'; readonly key: string; readonly value: string }
  | { readonly kind: 'wrong'; readonly expected: string };

/** A key needs double quotes for other characters than these; a quote in it is doubled, as in SQL. */
const keyValue = /^(?:"(?<quoted>(?:[^"]|"")+)"|(?<plain>[\w.*-]*))\s*=\s*(?<value>.*)$/s;

/** Nothing ends a value but the end of its line: `;` and `#` begin a comment only at the begin of a line. */
export function readIniLine(line: string): IniLine {
  const text = line.trim();
  if (text === '' || text.startsWith(';') || text.startsWith('#')) return { kind: 'nothing' };
  if (text.includes('\0')) return { kind: 'wrong', expected: 'text without NUL bytes' };
  if (text.startsWith('[')) return readSection(text);
  if (text.startsWith('%')) return readInclude(text);
  const { quoted, plain, value } = keyValue.exec(text)?.groups ?? {};
  if (value === undefined) return { kind: 'wrong', expected: 'key = value' };
  return { kind: 'value', key: quoted?.replaceAll('""', '"') ?? plain ?? '', value };
}

function readSection(text: string): IniLine {
  const [, name] = /^\[([^\]]*)\]\s*(?:[;#].*)?$/.exec(text) ?? [];
  return name === undefined ? { kind: 'wrong', expected: '[section]' } : { kind: 'section', name };
}

function readInclude(text: string): IniLine {
  const [, file] = /^%include\s+(.+)$/.exec(text) ?? [];
  return file === undefined
    ? { kind: 'wrong', expected: '%include FILE' }
    : { kind: 'include', file };
}
