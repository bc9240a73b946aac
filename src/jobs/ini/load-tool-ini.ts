import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { SluiceError } from '../../errors/index.ts';
import { nearestName, systemReason } from '../../service/index.ts';
import { readText, TextProblem } from './ini-text.ts';
import { interpolate, InterpolationProblem } from './interpolate.ts';
import { readIni } from './read-ini.ts';

/** What each key of a file is; a text says that it has no effect, and why. */
export type ToolKeys = Readonly<
  Record<
    string,
    'boolean' | 'file' | 'integer' | 'list' | 'seconds' | 'text' | { readonly inert: string }
  >
>;

export interface ToolIni {
  /** By key; seconds as in `30s`. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/**
 * Reads the file of one of PgQ's own programs, which has one section.
 *
 * @throws JOBS_INI  with every problem and its line
 */
export async function loadToolIni(file: string, section: string, keys: ToolKeys): Promise<ToolIni> {
  const problems: string[] = [];
  const warnings: string[] = [];
  const values: Record<string, unknown> = {};
  const ini = readIni(await readFileText(file));
  const problem = (line: number, text: string): void =>
    void problems.push(`${file}:${line}: ${text}`);
  for (const { line, text } of ini.problems) problem(line, text);
  const found = ini.sections.find(({ name }) => name.replace(/3$/, '') === section);
  if (found === undefined) problem(1, `section [${section}] is missing`);
  const name = basename(file).replace(/\.[^.]*$/, '');
  const raw = new Map([
    ['job_name', name],
    ...[...(found?.values ?? [])].map(([key, { value }]) => [key, value] as const),
  ]);
  for (const { key, value, line } of found?.values.values() ?? []) {
    const as = keys[key];
    if (as === undefined) problem(line, unknownKey(key, keys));
    else if (typeof as === 'object')
      warnings.push(`${file}:${line}: ${key} has no effect: ${as.inert}`);
    else {
      try {
        const text = interpolate(value, { values: raw, isExtended: false, isTemplate: false });
        if (text !== '') values[key] = readText(text, as);
      } catch (error) {
        if (!(error instanceof TextProblem || error instanceof InterpolationProblem)) throw error;
        problem(line, `${key}: ${error.message}`);
      }
    }
  }
  if (problems.length === 0) return { values, warnings };
  throw refusal(file, problems);
}

function unknownKey(key: string, keys: ToolKeys): string {
  const nearest = nearestName(key, Object.keys(keys));
  return `${key}: unknown key${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

/** @throws JOBS_INI */
export async function readFileText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw refusal(file, [`${file}: cannot be read: ${systemReason(cause)}`], cause);
  }
}

function refusal(file: string, problems: readonly string[], cause?: unknown): SluiceError {
  const details = { file, count: problems.length, problems: problems.join('\n  ') };
  return new SluiceError('JOBS_INI', details, { cause });
}
