import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { SluiceError } from '../../errors/index.ts';
import { nearestName } from '../../service/index.ts';
import { jobSchema, type JobConfig } from '../config.ts';
import { iniKeys, loadKeys, type IniKey, type IniKind } from './ini-keys.ts';
import { readText, TextProblem } from './ini-text.ts';
import { readFileText } from './load-tool-ini.ts';
import { interpolate, InterpolationProblem } from './interpolate.ts';
import { readIni, type IniSection, type IniValue } from './read-ini.ts';

/** A job as an original's ini file describes it. */
export interface LoadedIni {
  readonly file: string;
  readonly name: string;
  readonly config: JobConfig;
  /** Keys that have no effect here, and why. */
  readonly warnings: readonly string[];
  /** `loop_delay = 0`: it is to end when nothing is left to do. */
  readonly once: boolean;
}

/**
 * Reads the ini file of a job of SkyTools, 2.x or 3.x. Databases in it are connection strings.
 *
 * @throws JOBS_INI  with every problem and its line
 */
export async function loadJobIni(file: string): Promise<LoadedIni> {
  return new JobIni(file, await readFileText(file)).load();
}

class JobIni {
  readonly #file: string;
  readonly #text: string;
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  load(): LoadedIni {
    const { sections, problems } = readIni(this.#text);
    for (const { line, text } of problems) this.#problem(line, text);
    const found = this.#findMain(sections);
    if (found === null) throw this.#refusal();
    const { kind, main } = found;
    const texts = this.#interpolated(kind, main);
    const settings = this.#settings(kind, main, texts);
    if (kind === 'queue_loader') settings['per_table'] = this.#tableSettings(kind, sections);
    const parsed = jobSchema.safeParse(settings);
    for (const issue of parsed.error?.issues ?? []) {
      this.#issue(kind, main, issue.path.map(String), issue.message);
    }
    if (!parsed.success || this.#problems.length > 0) throw this.#refusal();
    return {
      file: this.#file,
      name: texts.get('job_name') ?? '',
      config: parsed.data,
      warnings: this.#warnings,
      once: Number(texts.get('loop_delay')) === 0,
    };
  }

  /** The section that is named like a kind of job; names of 3.x end in 3. */
  #findMain(sections: readonly IniSection[]): { kind: IniKind; main: IniSection } | null {
    const kinds = Object.keys(iniKeys);
    const mains = sections.flatMap((main) => {
      const kind = kindOf(main.name);
      return kind === undefined ? [] : [{ kind, main }];
    });
    const [found, second] = mains;
    if (second !== undefined) {
      this.#problem(second.main.line, `[${second.main.name}]: a file holds one job`);
    }
    for (const { name, line } of sections) {
      if (found !== undefined && found.kind !== 'queue_loader' && kindOf(name) === undefined) {
        this.#warn(line, `[${name}] has no effect`);
      }
    }
    if (found === undefined) {
      this.#problem(1, `no section names a kind of job: ${kinds.join(', ')}`);
    }
    return found ?? null;
  }

  /** The other sections, which are called like tables. */
  #tableSettings(kind: IniKind, sections: readonly IniSection[]): Record<string, unknown> {
    const tables = sections.filter(({ name }) => kindOf(name) === undefined);
    return Object.fromEntries(
      tables.map((section) => {
        const settings = this.#settings(kind, section, this.#interpolated(kind, section));
        const own = Object.entries(settings).filter(([key]) => key in loadKeys);
        return [section.name, Object.fromEntries(own)];
      }),
    );
  }

  #interpolated(kind: IniKind, main: IniSection): Map<string, string> {
    const raw = new Map<string, string>([
      ['job_name', basename(this.#file).replace(/\.[^.]*$/, '')],
      ['service_name', main.name],
      ['host_name', hostname()],
      ['config_dir', dirname(this.#file)],
      ['config_file', this.#file],
      ...[...main.values].map(([key, { value }]) => [key, value] as const),
    ]);
    const isExtended = raw.get('config_format') === '2';
    const texts = new Map<string, string>();
    for (const [key, value] of raw) {
      const known = keyOf(kind, key);
      const isTemplate =
        known !== undefined && 'as' in known && (known.as === 'template' || known.as === 'query');
      try {
        texts.set(key, interpolate(value, { values: raw, isExtended, isTemplate }));
      } catch (error) {
        if (!(error instanceof InterpolationProblem)) throw error;
        this.#problem(main.values.get(key)?.line ?? main.line, `${key}: ${error.message}`);
      }
    }
    return texts;
  }

  #settings(kind: IniKind, main: IniSection, texts: Map<string, string>): Record<string, unknown> {
    const settings: Record<string, unknown> = { kind };
    for (const entry of main.values.values()) {
      const known = keyOf(kind, entry.key);
      if (known === undefined) {
        // What only other values are made of is for the reader of the file.
        if (!isNamed(entry.key, main)) this.#problem(entry.line, this.#unknown(kind, entry.key));
      } else if ('is' in known) {
        this.#takeOther(known, entry);
      } else {
        this.#takeSetting(settings, known, entry, texts.get(entry.key));
      }
    }
    return settings;
  }

  #takeOther(known: Extract<IniKey, { is: string }>, { key, line }: IniValue): void {
    if (known.is === 'refused') this.#problem(line, `${key}: is not supported: ${known.why}`);
    if (known.is === 'inert') this.#warn(line, `${key} has no effect: ${known.why}`);
  }

  #takeSetting(
    settings: Record<string, unknown>,
    known: Extract<IniKey, { setting: string }>,
    { key, line }: IniValue,
    text: string | undefined,
  ): void {
    if (text === undefined || (text === '' && known.as !== 'empty text')) return;
    if (known.setting in settings) {
      this.#problem(line, `${key}: another key of this file means the same`);
      return;
    }
    // The originals run once then; `once` says so.
    if (known.setting === 'loop_delay' && Number(text) === 0) return;
    try {
      settings[known.setting] = readText(text, known.as);
    } catch (error) {
      if (!(error instanceof TextProblem)) throw error;
      this.#problem(line, `${key}: ${error.message}`);
    }
  }

  #issue(kind: IniKind, main: IniSection, path: readonly string[], message: string): void {
    const names = Object.entries(iniKeys[kind])
      .filter(([, known]) => 'setting' in known && known.setting === path[0])
      .map(([key]) => key);
    const given = names.map((key) => main.values.get(key)).find((entry) => entry !== undefined);
    if (given === undefined) this.#problem(main.line, `${names.at(-1) ?? path[0]}: is required`);
    else this.#problem(given.line, `${given.key}: ${message}`);
  }

  #unknown(kind: IniKind, key: string): string {
    const nearest = nearestName(key, Object.keys(iniKeys[kind]));
    return `${key}: unknown key${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  }

  #problem(line: number, text: string): void {
    this.#problems.push(`${this.#file}:${line}: ${text}`);
  }

  #warn(line: number, text: string): void {
    this.#warnings.push(`${this.#file}:${line}: ${text}`);
  }

  #refusal(): SluiceError {
    const details = {
      file: this.#file,
      count: this.#problems.length,
      problems: this.#problems.join('\n  '),
    };
    return new SluiceError('JOBS_INI', details);
  }
}

function kindOf(section: string): IniKind | undefined {
  const name = section.replace(/3$/, '');
  return isKind(name) ? name : undefined;
}

function isKind(name: string): name is IniKind {
  return Object.hasOwn(iniKeys, name);
}

function keyOf(kind: IniKind, key: string): IniKey | undefined {
  return Object.hasOwn(iniKeys[kind], key) ? iniKeys[kind][key] : undefined;
}

function isNamed(key: string, { values }: IniSection): boolean {
  return [...values.values()].some(({ value }) => value.toLowerCase().includes(`%(${key})s`));
}
