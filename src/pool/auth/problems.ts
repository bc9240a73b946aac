import { readFile } from 'node:fs/promises';
import { SluiceError } from '../../errors/index.ts';
import { systemReason } from '../../service/index.ts';

/** What is wrong with a file, each with its line, so that one look corrects all. */
export class Problems {
  readonly #file: string;
  readonly #found: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  add(line: number, problem: string): void {
    this.#found.push(`${this.#file}:${line}: ${problem}`);
  }

  /** @throws POOL_AUTH_FILE  when there is any */
  throwIfAny(): void {
    if (this.#found.length === 0) return;
    throw new SluiceError('POOL_AUTH_FILE', { problems: this.#found.join('\n') });
  }
}

/**
 * @param setting  what named the file, for the message
 * @throws POOL_AUTH_FILE_UNREADABLE
 */
export async function readAuthText(setting: string, file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  } catch (cause) {
    throw new SluiceError(
      'POOL_AUTH_FILE_UNREADABLE',
      { setting, file, reason: systemReason(cause) },
      { cause },
    );
  }
}
