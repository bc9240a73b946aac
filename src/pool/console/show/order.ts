import type { Cell } from '../values.ts';

/** By the first column, then by the second. */
export function byName(a: readonly Cell[], b: readonly Cell[]): number {
  return compare(a[0], b[0]) || compare(a[1], b[1]);
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  const [left, right] = [String(a), String(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
