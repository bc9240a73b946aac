import { types } from 'pg';
import { CellKind, type Relation, type RelationColumn, type TupleCells } from '../../wire/index.ts';

/** Stands for a TOASTed value that an UPDATE left alone: the source did not send it. */
export const unchanged = Symbol('unchanged');

/** A value as `pg` gives it, or the mark that it was not sent. */
export type Value = unknown;

/** One row image. Values are parsed when asked for, by the same parsers that `pg` uses. */
export class Row {
  /** The table's published columns, in its order; of a key alone, those of the key. */
  readonly columns: readonly RelationColumn[];
  /** Their values as PostgreSQL writes them; null is SQL NULL. */
  readonly texts: readonly (string | null | typeof unchanged)[];

  private constructor(columns: Row['columns'], texts: Row['texts']) {
    this.columns = columns;
    this.texts = texts;
  }

  /**
   * Copies a tuple of a text stream out of its message.
   *
   * @param isKey the tuple tells the key only: its other cells are null whatever the row holds
   */
  static read(relation: Relation, bytes: Buffer, cells: TupleCells, isKey: boolean): Row {
    const texts = relation.columns.map((_, i) => textAt(bytes, cells, i));
    if (!isKey) return new Row(relation.columns, texts);
    const inKey = relation.columns.map((column) => column.isKey);
    return new Row(
      relation.columns.filter((_, i) => inKey[i]),
      texts.filter((_, i) => inKey[i]),
    );
  }

  /** @returns the value, `unchanged`, or undefined when the row has no such column */
  get(column: string): Value {
    const i = this.columns.findIndex(({ name }) => name === column);
    return i === -1 ? undefined : this.#parse(i);
  }

  /** As PostgreSQL writes it; null is SQL NULL. */
  text(column: string): string | null | typeof unchanged | undefined {
    const i = this.columns.findIndex(({ name }) => name === column);
    return i === -1 ? undefined : this.texts[i];
  }

  /** All columns, in the table's order. */
  toObject(): Record<string, Value> {
    return Object.fromEntries(this.columns.map((column, i) => [column.name, this.#parse(i)]));
  }

  #parse(i: number): Value {
    const text = this.texts[i];
    if (typeof text !== 'string') return text;
    const parsers: { getTypeParser(oid: number, format: 'text'): (text: string) => Value } = types;
    return parsers.getTypeParser(this.columns[i]!.typeOid, 'text')(text);
  }
}

function textAt(bytes: Buffer, cells: TupleCells, i: number): string | null | typeof unchanged {
  switch (cells.kind[i]) {
    case CellKind.null:
      return null;
    case CellKind.unchanged:
      return unchanged;
    default:
      return bytes.toString('utf8', cells.start[i], cells.end[i]);
  }
}
