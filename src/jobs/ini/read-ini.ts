/** A setting of an ini file, as written. */
export interface IniValue {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly values: ReadonlyMap<string, IniValue>;
}

export interface IniProblem {
  readonly line: number;
  readonly text: string;
}

export interface IniFile {
  readonly sections: readonly IniSection[];
  readonly problems: readonly IniProblem[];
}

/**
 * Reads an ini file as Python's ConfigParser does: `key = value` or `key: value`; a line that is indented deeper than its
 * key goes on with the value; `#` and `;` begin a comment where a line begins; what `[DEFAULT]` says holds in every
 * section; keys are lower case.
 */
export function readIni(text: string): IniFile {
  const reader = new IniReader();
  for (const [index, line] of text
    .replace(/^\u{FEFF}/u, '')
    .split(/\r?\n/)
    .entries()) {
    reader.take(line, index + 1);
  }
  return reader.finish();
}

interface OpenValue {
  readonly key: string;
  readonly line: number;
  readonly indent: number;
  readonly lines: string[];
}

interface OpenSection {
  readonly name: string;
  readonly line: number;
  readonly values: Map<string, IniValue>;
}

class IniReader {
  readonly #sections: OpenSection[] = [];
  readonly #problems: IniProblem[] = [];
  #section: OpenSection | null = null;
  #value: OpenValue | null = null;

  take(line: string, number: number): void {
    const text = line.trim();
    if (text === '') {
      this.#value?.lines.push('');
      return;
    }
    if (text.startsWith('#') || text.startsWith(';')) return;
    const indent = line.length - line.trimStart().length;
    if (this.#value !== null && indent > this.#value.indent) {
      this.#value.lines.push(text);
      return;
    }
    this.#endValue();
    const [, section] = /^\[([^\]]+)\]$/.exec(text) ?? [];
    if (section === undefined) this.#beginValue(text, indent, number);
    else this.#beginSection(section, number);
  }

  finish(): IniFile {
    this.#endValue();
    const defaults = this.#sections.find(({ name }) => name === 'DEFAULT')?.values ?? new Map();
    const sections = this.#sections
      .filter(({ name }) => name !== 'DEFAULT')
      .map((section) => ({ ...section, values: new Map([...defaults, ...section.values]) }));
    return { sections, problems: this.#problems };
  }

  #beginSection(name: string, line: number): void {
    if (this.#sections.some((known) => known.name === name)) {
      this.#problems.push({ line, text: `[${name}]: stands here a second time` });
    }
    this.#section = { name, line, values: new Map() };
    this.#sections.push(this.#section);
  }

  #beginValue(text: string, indent: number, line: number): void {
    const [, key, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) {
      this.#problems.push({ line, text: 'syntax error: expected [section] or key = value' });
      return;
    }
    if (this.#section === null) {
      this.#problems.push({ line, text: `${key}: stands before the first [section]` });
      return;
    }
    this.#value = { key: key.toLowerCase(), line, indent, lines: [value] };
  }

  #endValue(): void {
    const open = this.#value;
    this.#value = null;
    if (open === null || this.#section === null) return;
    const { key, line } = open;
    if (this.#section.values.has(key)) {
      this.#problems.push({ line, text: `${key}: stands here a second time` });
    }
    const value = open.lines.join('\n').trimEnd();
    this.#section.values.set(key, { key, value, line });
  }
}
