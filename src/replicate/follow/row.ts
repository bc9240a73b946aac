import { types } from 'pg';
import { CellKind, type Relation, type TupleCells } from '../../wire/index.ts';

/** Stands for a TOASTed value that an UPDATE left alone: the source did not send it. */
export const unchanged = Symbol('unchanged');

/** A value as `pg` gives it, or the mark that it was not sent. */
export type Value = unknown;

/** One row image. Values are parsed when asked for, by the same parsers that `pg` uses. */
export class Row {
  readonly #relation: Relation;
  readonly #texts: readonly (string | null | typeof unchanged)[];

  private constructor(relation: Relation, texts: readonly (string | null | typeof unchanged)[]) {
    this.#relation = relation;
    this.#texts = texts;
  }

  /** Copies a tuple of a text stream out of its message. */
  static read(relation: Relation, bytes: Buffer, cells: TupleCells): Row {
    const texts = relation.columns.map((_, i) => {
      switch (cells.kind[i]) {
        case CellKind.null:
          return null;
        case CellKind.unchanged:
          return unchanged;
        default:
          return bytes.toString('utf8', cells.start[i], cells.end[i]);
      }
    });
    return new Row(relation, texts);
  }

  /** @returns the value, `unchanged`, or undefined when the table has no such published column */
  get(column: string): Value {
    const i = this.#relation.columns.findIndex(({ name }) => name === column);
    return i === -1 ? undefined : this.#parse(i);
  }

  /** As PostgreSQL writes it; null is SQL NULL. */
  text(column: string): string | null | typeof unchanged | undefined {
    const i = this.#relation.columns.findIndex(({ name }) => name === column);
    return i === -1 ? undefined : this.#texts[i];
  }

  /** All columns, in the table's order. */
  toObject(): Record<string, Value> {
    return Object.fromEntries(
      this.#relation.columns.map((column, i) => [column.name, this.#parse(i)]),
    );
  }

  #parse(i: number): Value {
    const text = this.#texts[i];
    if (typeof text !== 'string') return text;
    const parsers: { getTypeParser(oid: number, format: 'text'): (text: string) => Value } = types;
    return parsers.getTypeParser(this.#relation.columns[i]!.typeOid, 'text')(text);
  }
}
