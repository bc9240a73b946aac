import { PgoutputTag, type RowChange } from '../../wire/index.ts';
import { NeedsRowOrder, NetChanges, type NetChangesOptions } from './net-changes.ts';
import type { Relations } from './relations.ts';
import type { Segment } from './segment.ts';
import { truncate } from './statements.ts';
import type { Submission } from './submission.ts';
import type { TargetTable } from './target-table.ts';
import { visitChanges, type ChangeVisitor } from './visit-changes.ts';

/**
 * Writes a segment's changes one statement a row, in the order of the source. Slow and always right: what
 * the source accepted in this order the target accepts, too, unless the two differ.
 */
export function writeRowByRow(
  segment: Segment,
  relations: Relations,
  submission: Submission,
  options: NetChangesOptions,
): void {
  visitChanges(segment, relations, {
    row: (table, bytes, _start, _end, change, n) =>
      options.rows.append(submission, table, bytes, change, n),
    truncate: (tables, restartIdentity, n) =>
      submission.simple(truncate(tables, restartIdentity), truncateStep(tables, n)),
  });
}

/**
 * Writes a segment's changes as sets of net changes, a few statements a table.
 *
 * Its result is that of {@link writeRowByRow}, except that a constraint other than the row's identity may
 * refuse a set though no single step of the source broke it (two rows swap a unique value): then
 * the segment is written row by row instead.
 *
 * @param byDependency tables depend on each other (foreign keys are checked): all inserts, parents
 *   first, then all updates, then all deletes, children first
 * @returns false when sets cannot express the changes; nothing of use was written then
 */
export function writeAsSets(
  segment: Segment,
  relations: Relations,
  submission: Submission,
  options: NetChangesOptions & { byDependency: boolean },
): boolean {
  const sets = new SetsByTable(submission, options);
  try {
    visitChanges(segment, relations, sets);
    sets.writeAll();
    return true;
  } catch (error) {
    if (error instanceof NeedsRowOrder) return false;
    throw error;
  }
}

class SetsByTable implements ChangeVisitor {
  readonly #submission: Submission;
  readonly #options: NetChangesOptions & { byDependency: boolean };
  readonly #tables = new Map<TargetTable, NetChanges>();
  #lastTable: TargetTable | null = null;
  #last: NetChanges | null = null;

  constructor(submission: Submission, options: NetChangesOptions & { byDependency: boolean }) {
    this.#submission = submission;
    this.#options = options;
  }

  row(
    table: TargetTable,
    bytes: Buffer,
    start: number,
    end: number,
    change: RowChange,
    n: number,
  ): void {
    const net = this.#of(table);
    switch (change.tag) {
      case PgoutputTag.insert:
        net.insert(bytes, start, end, change);
        return;
      case PgoutputTag.update:
        if (table.keyCells.length > 0 && !net.isKeyChange(bytes, change))
          net.update(bytes, start, end, change);
        else this.#inOrder(net, bytes, change, n);
        return;
      default:
        if (table.keyCells.length > 0) net.delete(bytes, start, end, change);
        else this.#inOrder(net, bytes, change, n);
    }
  }

  truncate(tables: readonly TargetTable[], restartIdentity: boolean, n: number): void {
    this.writeAll();
    this.#submission.simple(truncate(tables, restartIdentity), truncateStep(tables, n));
  }

  writeAll(): void {
    const all = [...this.#tables.values()];
    if (this.#options.byDependency) {
      all.sort((a, b) => a.table.rank - b.table.rank);
      for (const net of all) net.writeInserts(this.#submission);
      for (const net of all) net.writeUpdates(this.#submission);
      for (const net of all.toReversed()) net.writeDeletes(this.#submission);
      for (const net of all) net.writeReplaced(this.#submission);
    } else for (const net of all) net.write(this.#submission);
    this.#tables.clear();
    this.#lastTable = null;
  }

  /** A change that no set can hold: what was collected first, then this one, then new sets. */
  #inOrder(net: NetChanges, bytes: Buffer, change: RowChange, n: number): void {
    if (this.#options.byDependency) this.writeAll();
    else net.write(this.#submission);
    this.#options.rows.append(this.#submission, net.table, bytes, change, n);
  }

  #of(table: TargetTable): NetChanges {
    if (table === this.#lastTable) return this.#last!;
    let net = this.#tables.get(table);
    if (!net) this.#tables.set(table, (net = new NetChanges(table, this.#options)));
    this.#lastTable = table;
    this.#last = net;
    return net;
  }
}

function truncateStep(tables: readonly TargetTable[], n: number) {
  return { does: 'truncate', table: tables[0] ?? null, change: n } as const;
}
