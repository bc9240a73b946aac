import type { ValueType } from './value-type.ts';

/** A published column of a table. */
export interface ChangedColumn {
  readonly name: string;
  readonly type: ValueType;
  /** One of those that tell the row from all others. */
  readonly isKey: boolean;
}

/** A row before or after a change: the values of `columns`, in their order. */
export interface RowImage {
  readonly columns: readonly ChangedColumn[];
  /** As PostgreSQL writes them; null is SQL NULL, undefined a large value that was not sent since it did not change. */
  readonly texts: readonly (string | null | undefined)[];
}

interface OfTable {
  readonly schema: string;
  readonly table: string;
}

/** What happened to one row, or with one table. */
export type RowChange =
  | (OfTable & { readonly op: 'insert'; readonly after: RowImage })
  | (OfTable & {
      readonly op: 'update';
      readonly after: RowImage;
      /** The key before when it changed, the whole row with REPLICA IDENTITY FULL, else null. */
      readonly before: RowImage | null;
    })
  | (OfTable & { readonly op: 'delete'; readonly before: RowImage })
  | (OfTable & {
      readonly op: 'truncate';
      readonly cascade: boolean;
      readonly restartIdentity: boolean;
    });

/** Where a change stands. */
export interface ChangePlace {
  /** What follows the source: the first part of each message's id. */
  readonly pipeline: string;
  readonly database: string;
  readonly xid: number;
  /** Of the transaction's commit record, as PostgreSQL prints it. */
  readonly commitLsn: string;
  readonly committedAt: Date;
  /** From 1 on, of the messages of the transaction. */
  readonly sequence: number;
  /** The last one of the transaction. */
  readonly isLast: boolean;
}

/**
 * For a sink that keeps the order of each key only: an update that changes the key, as the end of one row and the
 * beginning of another. Else who reads the old key would never hear that its row has gone.
 */
export function splitKeyChange(change: RowChange): RowChange[] {
  if (change.op !== 'update' || change.before === null) return [change];
  const { schema, table, before, after } = change;
  if (!changesKey(before, after)) return [change];
  return [
    { op: 'delete', schema, table, before },
    { op: 'insert', schema, table, after: withBefore(after, before) },
  ];
}

function changesKey(before: RowImage, after: RowImage): boolean {
  return before.columns.some(({ name, isKey }, i) => {
    if (!isKey) return false;
    const now = textOf(after, name);
    return now !== undefined && now !== before.texts[i];
  });
}

/** What was not sent again is in the row before, where the whole of that was sent. */
export function withBefore(after: RowImage, before: RowImage | null): RowImage {
  if (before === null || !after.texts.includes(undefined)) return after;
  const texts = after.columns.map(({ name }, i) => {
    const text = after.texts[i];
    return text === undefined ? textOf(before, name) : text;
  });
  return { columns: after.columns, texts };
}

function textOf({ columns, texts }: RowImage, name: string): string | null | undefined {
  return texts[columns.findIndex((column) => column.name === name)];
}
