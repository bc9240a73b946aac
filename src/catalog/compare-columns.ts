import { binaryProblem } from './binary-safety.ts';
import type { Column, Table } from './table.ts';
import { widens } from './widening.ts';

export type ColumnDifferenceKind =
  /** The target lacks a column that the source has. */
  | 'missing'
  /** The target's own column must have a value that no row of the source brings. */
  | 'required'
  /** The types differ, and values of the one may not fit the other. */
  | 'type'
  /** The types differ, but every value fits. */
  | 'wider'
  /** Computed on one side, stored as data on the other. */
  | 'generated'
  /** The target's enum lacks labels. */
  | 'labels'
  /** NULL is allowed on the source only. */
  | 'nullable';

export interface ColumnDifference {
  readonly kind: ColumnDifferenceKind;
  readonly column: string;
  /** What the source has and what the target has. */
  readonly evidence: string;
}

/** One column that is carried over. */
export interface ColumnPair {
  readonly source: Column;
  readonly target: Column;
  /** Why its values must travel as text, or null when binary is safe. */
  readonly textReason: string | null;
}

export interface ColumnComparison {
  /** Carried columns, in the source's order: by name on both sides, generated ones left out. */
  readonly pairs: readonly ColumnPair[];
  readonly differences: readonly ColumnDifference[];
  /** Every carried column may travel in binary. */
  readonly binarySafe: boolean;
}

/** Compares what two tables hold, column by column, by name; the order does not matter. */
export function compareColumns(
  source: Pick<Table, 'columns' | 'serverMajor'>,
  target: Pick<Table, 'columns' | 'serverMajor'>,
): ColumnComparison {
  const majors = { sourceMajor: source.serverMajor, targetMajor: target.serverMajor };
  const there = new Map(target.columns.map((column) => [column.name, column]));
  const here = new Map(source.columns.map((column) => [column.name, column]));
  const pairs = source.columns.flatMap((column) => {
    const twin = there.get(column.name);
    if (twin === undefined || column.generated !== '' || twin.generated !== '') return [];
    return [{ source: column, target: twin, textReason: binaryProblem(column, twin, majors) }];
  });
  const differences = [
    ...source.columns.flatMap((column) => compareColumn(column, there.get(column.name))),
    ...target.columns.flatMap((column) => (here.has(column.name) ? [] : requiredColumn(column))),
  ];
  return { pairs, differences, binarySafe: pairs.every((pair) => pair.textReason === null) };
}

function compareColumn(source: Column, target: Column | undefined): ColumnDifference[] {
  const column = source.name;
  if (target === undefined) {
    // What the source computes the target may do without.
    if (source.generated !== '') return [];
    return [{ kind: 'missing', column, evidence: `${source.displayType}; no such column` }];
  }
  if ((source.generated === '') !== (target.generated === '')) {
    const evidence = `source ${describeGenerated(source)}, target ${describeGenerated(target)}`;
    return [{ kind: 'generated', column, evidence }];
  }
  if (source.generated !== '') return [];
  return [...compareTypes(source, target), ...compareNulls(source, target)];
}

function compareTypes(source: Column, target: Column): ColumnDifference[] {
  const evidence = `source ${source.displayType}, target ${target.displayType}`;
  const column = source.name;
  if (source.shape !== target.shape || source.effectiveModifier !== target.effectiveModifier) {
    return [{ kind: widens(source, target) ? 'wider' : 'type', column, evidence }];
  }
  const lacking = source.enums.flatMap((labels, at) =>
    labels.filter((label) => target.enums[at]?.includes(label) === false),
  );
  if (lacking.length === 0) return [];
  return [{ kind: 'labels', column, evidence: `the target's enum lacks ${lacking.join(', ')}` }];
}

function compareNulls(source: Column, target: Column): ColumnDifference[] {
  if (source.isNotNull || !target.isNotNull) return [];
  return [{ kind: 'nullable', column: source.name, evidence: 'NOT NULL on the target only' }];
}

function requiredColumn(column: Column): ColumnDifference[] {
  const isFilled = column.hasDefault || column.generated !== '' || column.identity !== '';
  if (!column.isNotNull || isFilled) return [];
  const evidence = `${column.displayType} NOT NULL without a default, on the target only`;
  return [{ kind: 'required', column: column.name, evidence }];
}

function describeGenerated(column: Column): string {
  return column.generated === '' ? 'an ordinary column' : 'a generated column';
}
