/** A key in a TOML file: `['replicate', 'shop', 'copy_jobs']`. */
export type KeyPath = readonly (string | number)[];

/**
 * Where the keys of a TOML file stand, so that a problem can name its line; the TOML reader keeps values only.
 * Reads a file that has already parsed: what it does not recognise it skips. Keys inside inline tables and arrays
 * have no line of their own; `lineOf` then gives the line of what holds them.
 */
export class TomlLines {
  readonly #lines = new Map<string, number>();
  readonly #arrayLengths = new Map<string, number>();

  constructor(text: string) {
    let section: KeyPath = [];
    let open: OpenValue = closed;
    text.split(/\r?\n/).forEach((line, index) => {
      if (open !== closed) {
        open = readValue(line, open);
        return;
      }
      const header = readHeader(line);
      if (header !== undefined) {
        section = this.#enter(header);
        this.#remember(section, index + 1);
        return;
      }
      const [key, rest] = readKey(line);
      if (key.length === 0) return;
      this.#remember([...section, ...key], index + 1);
      open = readValue(rest, closed);
    });
  }

  /** The line of the key, else of the nearest thing around it; undefined when nothing around it is known. */
  lineOf(path: KeyPath): number | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const line = this.#lines.get(keyOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  }

  #enter(header: { path: readonly string[]; isArray: boolean }): KeyPath {
    if (!header.isArray) return header.path;
    const key = keyOf(header.path);
    const index = this.#arrayLengths.get(key) ?? 0;
    this.#arrayLengths.set(key, index + 1);
    return [...header.path, index];
  }

  /** Also for the tables a dotted key or header makes on its way, where they are not known yet. */
  #remember(path: KeyPath, line: number): void {
    for (let length = 1; length <= path.length; length += 1) {
      const key = keyOf(path.slice(0, length));
      if (!this.#lines.has(key)) this.#lines.set(key, line);
    }
  }
}

/** What a value that goes on over lines still waits for. */
interface OpenValue {
  readonly quote: '"""' | "'''" | undefined;
  readonly brackets: number;
}

const closed: OpenValue = { quote: undefined, brackets: 0 };

function keyOf(path: KeyPath): string {
  return JSON.stringify(path);
}

function readHeader(line: string): { path: string[]; isArray: boolean } | undefined {
  const start = /^\s*(\[\[?)/.exec(line)?.[1];
  if (start === undefined) return undefined;
  const [path, rest] = readKey(line.trimStart().slice(start.length), ']');
  return rest.startsWith(start.length === 2 ? ']' : '')
    ? { path, isArray: start.length === 2 }
    : undefined;
}

/** A dotted key up to `end`, and the rest of the line after it; no key when the line holds none. */
function readKey(line: string, end = '='): [path: string[], rest: string] {
  const path: string[] = [];
  let rest = line;
  for (;;) {
    const part = /^\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*/.exec(rest);
    if (part === null) return [[], ''];
    path.push(part[1] ?? part[2] ?? part[3] ?? '');
    rest = rest.slice(part[0].length);
    if (rest.startsWith(end)) return [path, rest.slice(1)];
    if (!rest.startsWith('.')) return [[], ''];
    rest = rest.slice(1);
  }
}

const token = /"""|'''|"(?:[^"\\]|\\.)*"|'[^']*'|[[\]{}]|#.*|\\./g;

/** Follows quotes and brackets through a line of a value, to know whether the next line still belongs to it. */
function readValue(line: string, open: OpenValue): OpenValue {
  let { quote, brackets } = open;
  let rest = line;
  if (quote !== undefined) {
    const end = rest.indexOf(quote);
    if (end < 0) return open;
    rest = rest.slice(end + 3);
    quote = undefined;
  }
  for (const [found] of rest.matchAll(token)) {
    if (found === '"""' || found === "'''") {
      const after = rest.slice(rest.indexOf(found) + 3);
      return after.includes(found)
        ? readValue(after.slice(after.indexOf(found) + 3), { quote: undefined, brackets })
        : { quote: found, brackets };
    }
    if (found === '[' || found === '{') brackets += 1;
    if (found === ']' || found === '}') brackets -= 1;
  }
  return brackets > 0 ? { quote, brackets } : closed;
}
