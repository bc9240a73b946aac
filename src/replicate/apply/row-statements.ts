import { CellKind, PgoutputTag, type RowChange, type TupleCells } from '../../wire/index.ts';
import type { Step, Submission } from './submission.ts';
import {
  deleteRow,
  insertRow,
  matchKey,
  matchRow,
  updateOrReplaceRow,
  updateRow,
} from './statements.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

// A wide table without a key has a statement for every pattern of NULLs; the server keeps a plan of each.
const maxPrepared = 500;

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
  #isDoubtful = false;
  /** Never given twice: a name that is doubtful may be taken. */
  #named = 0;

  /** Some of what was prepared may not have been: none of it is used again. */
  forget(): void {
    this.#prepared.clear();
    this.#count = 0;
    this.#isDoubtful = true;
  }

  /** A transaction begins. @returns true when what the server has prepared must be deallocated first */
  begin(): boolean {
    if (this.#count > maxPrepared) this.forget();
    const isDoubtful = this.#isDoubtful;
    this.#isDoubtful = false;
    return isDoubtful;
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
    const assigned = assignedColumns(table, change.new, change.oldKind !== 0);
    const always = table.columns.filter(
      (column) => column.isAlwaysIdentity && mayDiffer(column, change),
    );
    if (always.length > 0) {
      this.#updateOrReplace(s, table, bytes, change, { assigned, always, n });
      return;
    }
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

  #updateOrReplace(
    s: Submission,
    table: TargetTable,
    bytes: Buffer,
    change: RowChange,
    row: { assigned: TargetColumn[]; always: TargetColumn[]; n: number | null },
  ): void {
    const { assigned, always, n } = row;
    const old = change.oldKind === 0 ? change.new : change.old;
    const sent = table.columns.filter(({ cell }) => change.new.kind[cell] !== CellKind.unchanged);
    const shape = `replace ${sent.map((column) => column.cell).join()} ${change.oldKind}`;
    const prepared = this.#find(s, table, shape, old, sent.length + 1, (where, oldColumns) => ({
      sql: updateOrReplaceRow(table, { sent, assigned, always, where }),
      newColumns: sent,
      oldColumns,
    }));
    execute(s, prepared, bytes, change.new, old, step('update', table, n));
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
      name: `sluice_${this.#named++}`,
      newCells: newColumns.map((column) => column.cell),
      oldCells: oldColumns.map((column) => column.cell),
    };
    this.#count++;
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

/** The column was sent, and its value may be another than the row's: no key, or a key that may have changed. */
function mayDiffer({ cell, isKey }: TargetColumn, change: RowChange): boolean {
  return change.new.kind[cell] !== CellKind.unchanged && (!isKey || change.oldKind !== 0);
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
  const kind = tuple.kind[cell];
  if (kind === CellKind.unchanged) throw new TypeError('a value that was not sent is not bound');
  if (kind === CellKind.null) writer.bindNull();
  else writer.bindValue(bytes, tuple.start[cell]!, tuple.end[cell]!);
}
