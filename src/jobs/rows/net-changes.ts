import type { RowEvent, RowValues } from './row-event.ts';

/** What became of the rows of a table, each once. */
export interface NetChanges {
  readonly inserted: readonly RowValues[];
  readonly updated: readonly RowValues[];
  /** As they were last. */
  readonly deleted: readonly RowValues[];
}

/** Several changes of one row become one: its last state, and whether it was there before. */
export function netChanges(events: readonly RowEvent[]): NetChanges {
  const inserted: RowValues[] = [];
  const updated: RowValues[] = [];
  const deleted: RowValues[] = [];
  for (const changes of Map.groupBy(events, rowKey).values()) {
    const [first, last] = [changes[0]!, changes.at(-1)!];
    const wasThere = first.op !== 'insert';
    const isThere = last.op !== 'delete';
    if (wasThere && isThere) updated.push(last.row);
    else if (isThere) inserted.push(last.row);
    else if (wasThere) deleted.push(last.row);
  }
  return { inserted, updated, deleted };
}

/** Rows without a key are each their own. */
function rowKey({ key, row }: RowEvent): string | symbol {
  return key.length === 0
    ? Symbol('row')
    : JSON.stringify(key.map((column) => String(row[column])));
}
