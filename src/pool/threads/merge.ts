import type { ConsoleContext, Show } from '../console/command.ts';
import type { Cell } from '../console/values.ts';
import type { Merge } from './other-threads.ts';

/** The rows of a SHOW over all threads. A SHOW without a rule is the same in each of them. */
export function rowsOf(show: Show, context: ConsoleContext): Cell[][] {
  const own = show.rows(context);
  const reports = context.others?.reports ?? [];
  if (show.merge === undefined || reports.length === 0) return own;
  const all = [own, ...reports.map(({ shows }) => shows.get(show.name) ?? [])].flat();
  return show.merge === 'all' ? all : added(all, show, show.merge);
}

function added(rows: Cell[][], show: Show, merge: Exclude<Merge, 'all'>): Cell[][] {
  const byKey = new Map<string, Cell[]>();
  for (const row of rows) {
    const key = JSON.stringify(row.slice(0, merge.by));
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [...row]);
    else addTo(known, row, show, merge);
  }
  return [...byKey.values()];
}

function addTo(into: Cell[], row: Cell[], show: Show, merge: Exclude<Merge, 'all'>): void {
  for (const [i, { name }] of show.columns.entries()) {
    const [a, b] = [Number(into[i] ?? 0), Number(row[i] ?? 0)];
    const isSummed = merge.sumOnly?.includes(String(into[0])) ?? true;
    if (merge.sum.includes(name) && isSummed) into[i] = a + b;
    else if (merge.largest?.includes(name) === true) into[i] = Math.max(a, b);
  }
}
