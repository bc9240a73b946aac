import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readIniLine } from './ini-line.ts';

/** What an ini file and everything it includes say, in order. */
export type IniEntry =
  | { readonly kind: 'section'; readonly place: string; readonly name: string }
  | { readonly kind: 'wrong'; readonly place: string; readonly problem: string }
  | {
      readonly kind: 'value';
      readonly place: string;
      readonly key: string;
      readonly value: string;
    };

/** As in pgBouncer. */
const deepestInclude = 10;

/**
 * Reads a file with what it includes, as if it stood there: a section that begins in an included file goes on after
 * it. A relative name starts at the current folder of the process, not of the file.
 */
export async function readIni(file: string): Promise<IniEntry[]> {
  const text = await readText(file);
  if (!(text instanceof Error)) return readEntries(text, file, [resolve(file)]);
  return [{ kind: 'wrong', place: file, problem: `cannot be read: ${text.message}` }];
}

/** @param chain the files that are being read, the outermost first */
async function readEntries(
  text: string,
  file: string,
  chain: readonly string[],
): Promise<IniEntry[]> {
  const entries: IniEntry[] = [];
  for (const [index, lineText] of text.split('\n').entries()) {
    const place = `${file}:${index + 1}`;
    const line = readIniLine(lineText);
    switch (line.kind) {
      case 'nothing':
        break;
      case 'wrong':
        entries.push({ kind: 'wrong', place, problem: `syntax error: expected ${line.expected}` });
        break;
      case 'include':
        entries.push(...(await include(line.file, place, chain)));
        break;
      case 'section':
      case 'value':
        entries.push({ ...line, place });
        break;
    }
  }
  return entries;
}

async function include(file: string, place: string, chain: readonly string[]): Promise<IniEntry[]> {
  const wrong = (why: string): IniEntry[] => [
    { kind: 'wrong', place, problem: `%include ${file}: ${why}` },
  ];
  const path = resolve(file);
  if (chain.includes(path)) return wrong('files include one another without end');
  if (chain.length > deepestInclude) return wrong('files include one another too deeply');
  const text = await readText(file);
  return text instanceof Error
    ? wrong(`cannot be read: ${text.message}`)
    : readEntries(text, file, [...chain, path]);
}

/** The text, or why there is none. Without the mark some editors put at the begin of UTF-8. */
async function readText(file: string): Promise<string | Error> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\u{FEFF}/u, '');
  } catch (cause) {
    return new Error(
      cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause),
    );
  }
}
