/** A word of pg_hba.conf or pg_ident.conf. In quotes it is always a name, never a keyword. */
export interface HbaToken {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** Words joined by commas. */
export type HbaField = readonly HbaToken[];

export interface HbaLine {
  readonly number: number;
  readonly fields: readonly HbaField[];
}

/**
 * The lines of a file in the format of pg_hba.conf: words between blanks, lists joined by commas, names in
 * double quotes, comments after #, and a backslash at the end that goes on in the next line.
 *
 * @param onProblem  gets every line that cannot be cut into words
 */
export function readHbaLines(
  text: string,
  onProblem: (line: number, problem: string) => void,
): HbaLine[] {
  const lines: HbaLine[] = [];
  for (const { number, content } of joinContinued(text)) {
    const fields = readHbaFields(content);
    if (fields === null) onProblem(number, 'a quote is not closed');
    else if (fields.length > 0) lines.push({ number, fields });
  }
  return lines;
}

/** A backslash at the end of a line takes the next line in. */
function joinContinued(text: string): { number: number; content: string }[] {
  const joined: { number: number; content: string }[] = [];
  let isContinued = false;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = line.endsWith('\\') ? line.slice(0, -1) : line;
    const last = joined.at(-1);
    if (isContinued && last) last.content += content;
    else joined.push({ number: i + 1, content });
    isContinued = line.endsWith('\\');
  }
  return joined;
}

const gap = /[\s,]*/y;
/** Quotes may stand anywhere in a word: map="my map". */
const word = /(?:[^\s,"#]|"(?:[^"]|"")*")+/y;

/** @returns null: a quote is not closed */
export function readHbaFields(content: string): HbaField[] | null {
  const fields: HbaToken[][] = [];
  let isInList = false;
  for (let at = skip(gap, content, 0); at < content.length; at = skip(gap, content, at)) {
    if (content[at] === '#') break;
    const end = skip(word, content, at);
    if (end === at) return null;
    const token = readToken(content.slice(at, end));
    if (isInList) fields.at(-1)?.push(token);
    else fields.push([token]);
    isInList = content[end] === ',';
    at = end;
  }
  return fields;
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

function readToken(raw: string): HbaToken {
  const text = raw.replaceAll(/"((?:[^"]|"")*)"/g, (_, quoted: string) =>
    quoted.replaceAll('""', '"'),
  );
  return { text, isQuoted: raw.startsWith('"') };
}
