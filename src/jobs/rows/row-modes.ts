import { SluiceError } from '../../errors/index.ts';
import type { RowEvent, RowValues } from './row-event.ts';
import { deleteSql, insertSql, updateSql } from './row-sql.ts';

/** The changes as they are. */
export function plainSql(table: string, events: readonly RowEvent[]): string[] {
  return events.flatMap(({ op, key, row }) => {
    if (op === 'insert') return insertSql(table, [row]);
    if (op === 'delete') return [deleteSql(table, key, row)];
    return updateSql(table, key, row) ?? [];
  });
}

/**
 * The last state of each row: an update replaces it, or adds it.
 *
 * @param deletes  whether a deleted row goes from the table too
 */
export function keepLatestSql(
  table: string,
  events: readonly RowEvent[],
  deletes: boolean,
): string[] {
  const last = new Map<string, RowEvent>();
  for (const event of events) {
    if (event.op === 'delete' && !deletes) continue;
    if (event.key.length === 0) throw new SluiceError('JOBS_NO_KEY', { table });
    const key = JSON.stringify(event.key.map((column) => String(event.row[column])));
    last.delete(key);
    last.set(key, event);
  }
  const states = [...last.values()];
  return [
    ...states.map(({ key, row }) => deleteSql(table, key, row)),
    ...insertSql(
      table,
      states.filter(({ op }) => op !== 'delete').map(({ row }) => row),
    ),
  ];
}

/** Every state that a row has had. */
export function keepAllSql(table: string, events: readonly RowEvent[]): string[] {
  const rows: RowValues[] = events.filter(({ op }) => op !== 'delete').map(({ row }) => row);
  return insertSql(table, rows);
}
