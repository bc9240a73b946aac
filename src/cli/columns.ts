import { countCells, oneLine } from './progress/text.ts';

/** Rows of text in aligned columns, two spaces apart; the last column is not padded. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of clean) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, countCells(cell));
    });
  }
  return clean
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1
          ? cell
          : cell + ' '.repeat((widths[column] ?? 0) - countCells(cell)),
      );
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}
