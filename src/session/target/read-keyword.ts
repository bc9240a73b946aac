import { SluiceError } from '../../errors/index.ts';
import { isKeyword, keywordNames, keywords, type Given, type Keyword } from './keywords.ts';

/**
 * Stores one keyword's value.
 *
 * @param origin where it was written, for the message; never holds a value
 */
export function storeKeyword(given: Given, name: string, value: string, origin: string): void {
  if (!isKeyword(name)) {
    throw new SluiceError('SESSION_UNKNOWN_KEYWORD', { name, origin, nearest: nearest(name) });
  }
  const { effect, instead = '' }: Keyword = keywords[name];
  if (effect === 'refused' && value !== '') {
    throw new SluiceError('SESSION_UNSUPPORTED', { what: name, origin, instead });
  }
  given.set(name, { text: value, origin });
}

/** The known keyword that takes the fewest edits to reach. */
function nearest(name: string): string {
  const ranked = keywordNames.map((known) => ({ known, edits: countEdits(name, known) }));
  return ranked.reduce((best, next) => (next.edits < best.edits ? next : best)).known;
}

function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, letter] of from.split('').entries()) {
    const next = [line + 1];
    for (const [column, wanted] of to.split('').entries()) {
      const replaced = cell(row, column) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replaced, cell(row, column + 1) + 1, cell(next, column) + 1));
    }
    row = next;
  }
  return cell(row, to.length);
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
