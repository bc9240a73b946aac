import { CellKind, PgoutputTag, type RowChange, type TupleCells } from '../../wire/index.ts';
import type { Step, Submission } from './submission.ts';
import { deleteRow, insertRow, matchKey, matchRow, updateRow } from './statements.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

/** A prepared statement: its name on the server and the cells its parameters are cut from. */
interface Prepared {
  readonly name: string;
  /** Cells of the new tuple, then cells of the old one (or of the new where none came). */
  readonly newCells: readonly number[];
  readonly oldCells: readonly number[];
}

/**
 * One change, one prepared statement: exact order, one row each. For small batches, where preparing a set
 * costs more than it saves, and for finding the change that the target refuses.
 */
export class RowStatements {
  readonly #prepared = new Map<TargetTable, Map<string, Prepared>>();
  #count = 0;

  /** The session's prepared statements are gone or doubtful. */
  forget(): void {
    this.#prepared.clear();
  }

  /** Appends the statement for one change. */
  append(
    submission: Submission,
    table: TargetTable,
    bytes: Buffer,
    change: RowChange,
    n: number | null,
  ): void {
    switch (change.tag) {
      case PgoutputTag.insert:
        this.#insert(submission, table, bytes, change, n);
        return;
      case PgoutputTag.update:
        this.#update(submission, table, bytes, change, n);
        return;
      default:
        this.#delete(submission, table, bytes, change, n);
    }
  }

  #insert(
    s: Submission,
    table: TargetTable,
    bytes: Buffer,
    change: RowChange,
    n: number | null,
  ): void {
    const prepared = this.#prepare(s, table, 'insert', () => ({
      sql: insertRow(table),
      newColumns: table.columns,
      oldColumns: [],
    }));
    execute(s, prepared, bytes, change.new, change.new, step('insert', table, n));
  }

  #update(
    s: Submission,
    table: TargetTable,
    bytes: Buffer,
    change: RowChange,
    n: number | null,
  ): void {
    const old = change.oldKind === 0 ? change.new : change.old;
    if (changesAlwaysIdentity(table, bytes, change)) {
      this.#delete(s, table, bytes, change, n);
      this.#insert(s, table, bytes, change, n);
      return;
    }
    const assigned = assignedColumns(table, change.new, change.oldKind !== 0);
    // Nothing to assign: the row must still be there, which assigning the key to itself proves.
    const set = assigned.length > 0 ? assigned : table.keyColumns;
    const shape = `update ${set.map((column) => column.cell).join()}`;
    const prepared = this.#find(s, table, shape, old, set.length + 1, (where, oldColumns) => ({
      sql: updateRow(table, set, where),
      newColumns: set,
      oldColumns,
    }));
    const values = assigned.length > 0 ? change.new : old;
    execute(s, prepared, bytes, values, old, step('update', table, n));
  }

  #delete(
    s: Submission,
    table: TargetTable,
    bytes: Buffer,
    change: RowChange,
    n: number | null,
  ): void {
    const prepared = this.#find(s, table, 'delete', change.old, 1, (where, oldColumns) => ({
      sql: deleteRow(table, where),
      newColumns: [],
      oldColumns,
    }));
    execute(s, prepared, bytes, change.old, change.old, step('delete', table, n));
  }

  /** Prepares a statement that finds its row by key or, without one, by all values of `old`. */
  #find(
    s: Submission,
    table: TargetTable,
    shape: string,
    old: TupleCells,
    first: number,
    make: (where: string, oldColumns: readonly TargetColumn[]) => Statement,
  ): Prepared {
    if (table.keyColumns.length > 0)
      return this.#prepare(s, table, shape, () => make(matchKey(table, first), table.keyColumns));
    const isNull = table.columns.map((column) => old.kind[column.cell] === CellKind.null);
    const given = table.columns.filter((_, i) => !isNull[i]);
    return this.#prepare(s, table, `${shape} ${isNull.map(Number).join('')}`, () =>
      make(matchRow(table, isNull, first), given),
    );
  }

  #prepare(s: Submission, table: TargetTable, shape: string, make: () => Statement): Prepared {
    let shapes = this.#prepared.get(table);
    if (!shapes) this.#prepared.set(table, (shapes = new Map<string, Prepared>()));
    let prepared = shapes.get(shape);
    if (prepared) return prepared;
    const { sql, newColumns, oldColumns } = make();
    prepared = {
      name: `sluice_${this.#count++}`,
      newCells: newColumns.map((column) => column.cell),
      oldCells: oldColumns.map((column) => column.cell),
    };
    s.writer.parse(
      prepared.name,
      sql,
      [...newColumns, ...oldColumns].map((column) => column.typeOid),
    );
    shapes.set(shape, prepared);
    return prepared;
  }
}

interface Statement {
  readonly sql: string;
  readonly newColumns: readonly TargetColumn[];
  readonly oldColumns: readonly TargetColumn[];
}

/**
 * What an UPDATE sets: every column that was sent, without the key (unless it may have changed) and
 * without ALWAYS identities, which only DEFAULT may be assigned to.
 */
export function assignedColumns(
  table: TargetTable,
  cells: TupleCells,
  withKey: boolean,
): TargetColumn[] {
  return table.columns.filter(
    (column) =>
      cells.kind[column.cell] !== CellKind.unchanged &&
      !column.isAlwaysIdentity &&
      (withKey || !column.isKey),
  );
}

/** GENERATED ALWAYS cannot be assigned another value: such a row is deleted and inserted. */
function changesAlwaysIdentity(table: TargetTable, bytes: Buffer, change: RowChange): boolean {
  if (change.oldKind === 0) return false;
  return table.columns.some(
    ({ cell, isAlwaysIdentity }) =>
      isAlwaysIdentity &&
      change.new.kind[cell] !== CellKind.unchanged &&
      change.old.kind[cell] !== CellKind.null &&
      !isSameCell(bytes, change.old, change.new, cell),
  );
}

/** True when a cell holds the same bytes in both tuples. */
export function isSameCell(bytes: Buffer, a: TupleCells, b: TupleCells, cell: number): boolean {
  return (
    a.kind[cell] === b.kind[cell] &&
    bytes.compare(bytes, a.start[cell], a.end[cell], b.start[cell], b.end[cell]) === 0
  );
}

function step(does: 'insert' | 'update' | 'delete', table: TargetTable, n: number | null): Step {
  return { does, table, change: n };
}

// Grown to the widest row; one Bind uses it at a time.
let formats = new Uint8Array(64);

function execute(
  submission: Submission,
  prepared: Prepared,
  bytes: Buffer,
  newTuple: TupleCells,
  oldTuple: TupleCells,
  what: Step,
): void {
  const { name, newCells, oldCells } = prepared;
  const count = newCells.length + oldCells.length;
  const { writer } = submission;
  if (formats.length < count) formats = new Uint8Array(count * 2);
  for (let i = 0; i < newCells.length; i++)
    formats[i] = newTuple.kind[newCells[i]!] === CellKind.binary ? 1 : 0;
  for (let i = 0; i < oldCells.length; i++)
    formats[newCells.length + i] = oldTuple.kind[oldCells[i]!] === CellKind.binary ? 1 : 0;
  writer.beginBind('', name, count, formats);
  for (const cell of newCells) bindCell(submission, bytes, newTuple, cell);
  for (const cell of oldCells) bindCell(submission, bytes, oldTuple, cell);
  writer.endBind();
  writer.execute('', 0);
  submission.expect(what);
}

function bindCell({ writer }: Submission, bytes: Buffer, tuple: TupleCells, cell: number): void {
  if (tuple.kind[cell] === CellKind.null) writer.bindNull();
  else writer.bindValue(bytes, tuple.start[cell]!, tuple.end[cell]!);
}
