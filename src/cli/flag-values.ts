import { InvalidArgumentError } from 'commander';
import { compilePatterns } from '../catalog/index.ts';
import { isSluiceError } from '../errors/index.ts';
import { parseListenAddress } from '../service/index.ts';

/** Of a flag that means nothing without a value. */
export function readText(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Of ticks and events: as text, they are larger than a number may be. */
export function readNumber(text: string): string {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('It is no whole number.');
  return text;
}

/** Where to listen, as it stands. */
export function readListen(text: string): string {
  try {
    parseListenAddress(text);
    return text;
  } catch (error) {
    if (!isSluiceError(error, 'SERVICE_LISTEN_ADDRESS')) throw error;
    throw new InvalidArgumentError(
      'Wanted is host:port or :port, with a port between 0 and 65535.',
    );
  }
}

/** Comma-separated, and repeatable: later ones add to earlier ones. */
export function readList(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...text.split(',').map((part) => part.trim())];
}

/** The same, of patterns of tables. */
export function readPatterns(text: string, before: readonly string[] | undefined): string[] {
  const patterns = readList(text, before);
  try {
    compilePatterns(patterns);
    return patterns;
  } catch (error) {
    if (!isSluiceError(error, 'CATALOG_PATTERN')) throw error;
    throw new InvalidArgumentError(
      `Pattern ${error.details['pattern']}: ${error.details['problem']}.`,
    );
  }
}
