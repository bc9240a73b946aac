/** A column's value: text as its type writes it; jsontriga's bool and integers are themselves. */
export type ColumnValue = string | number | bigint | boolean | null;

export type Row = Readonly<Record<string, ColumnValue>>;

/** A change of one row, or a TRUNCATE, as a trigger has sent it. */
export interface RowChange {
  readonly op: 'insert' | 'update' | 'delete' | 'truncate';
  /** `schema.table`, unquoted; null where the trigger puts something else into ev_extra1. */
  readonly table: string | null;
  /** The key's columns; none when the table has no key. */
  readonly key: readonly string[];
  /** The whole row: as it is after the change, of a DELETE as it was; of a TRUNCATE no column. */
  readonly row: Row;
  /** The row as it was, where the trigger has the option `backup`. */
  readonly oldRow: Row | null;
}
