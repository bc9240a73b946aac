import type { Table, TableName } from '../../catalog/index.ts';
import { qualifiedName } from '../../catalog/index.ts';
import type { ColumnPair } from './row-digest.ts';
import type { TableProblem } from './report.ts';

/**
 * What is compared as one: tables with rows whose rows together are the same on both sides. One each, unless
 * partitions of the one side are not those of the other.
 */
export interface CompareUnit extends TableName {
  readonly source: readonly Table[];
  readonly target: readonly Table[];
}

/** The columns both sides have, or why they cannot be compared. */
export type Columns =
  | { readonly pairs: readonly ColumnPair[]; readonly problem: null }
  | { readonly problem: TableProblem; readonly evidence: string | null };

/**
 * Columns by name in the source's order. Generated ones only where both sides have them so: else the
 * one side computes what the other never had. What only the target has is the target's own.
 */
export function pairColumns(unit: CompareUnit): Columns {
  const [source] = unit.source;
  const [target] = unit.target;
  if (source === undefined) return { problem: 'missing on the source', evidence: null };
  if (target === undefined) return { problem: 'missing on the target', evidence: null };
  const there = new Map(target.columns.map((column) => [column.name, column]));
  const carried = source.columns.filter((column) => column.generated === '');
  const missing = carried.filter((column) => !there.has(column.name));
  if (missing.length > 0) {
    const evidence = missing.map((column) => column.name).join(', ');
    return { problem: 'columns missing on the target', evidence };
  }
  const pairs = source.columns.flatMap((column) => {
    const twin = there.get(column.name);
    if (twin === undefined || (column.generated !== '' && twin.generated === '')) return [];
    return [{ source: column, target: twin }];
  });
  return { pairs, problem: null };
}

/**
 * The units of two databases: every chosen source table with its target table of the same name, or, for a
 * partition that the target does not have, with the nearest ancestor that it has. All partitions that lead
 * to one ancestor are one unit with it.
 *
 * @param all the source's tables, with the parents of the chosen ones
 * @param chosen those to compare; partitioned tables among them stand for nothing but their partitions
 */
export function makeUnits(
  all: readonly Table[],
  chosen: readonly Table[],
  targets: readonly Table[],
): CompareUnit[] {
  const byName = new Map(targets.map((table) => [qualifiedName(table), table]));
  const groups = new Map<string, { name: TableName; source: Table[]; target: Table | null }>();
  const tops = findTops(all, chosen, byName, targets);
  for (const source of chosen.filter((table) => table.kind === 'r')) {
    const top = tops.get(source.oid) ?? null;
    const name = top ?? source;
    const group = groups.get(qualifiedName(name)) ?? { name, source: [], target: top };
    group.source.push(source);
    groups.set(qualifiedName(name), group);
  }
  return [...groups.values()].map(({ name, source, target }) => ({
    schema: name.schema,
    name: name.name,
    source,
    target: target === null ? [] : leavesOf(target, targets),
  }));
}

/** The target table each chosen table is compared within: its own, or an ancestor that others need too. */
function findTops(
  all: readonly Table[],
  chosen: readonly Table[],
  byName: ReadonlyMap<string, Table>,
  targets: readonly Table[],
): Map<number, Table> {
  const sources = new Map(all.map((table) => [table.oid, table]));
  const targetsByOid = new Map(targets.map((table) => [table.oid, table]));
  const direct = new Map<number, Table>();
  for (const table of chosen.filter(({ kind }) => kind === 'r')) {
    const found = ancestors(table, sources).map((at) => byName.get(qualifiedName(at)));
    const nearest = found.find((target) => target !== undefined);
    if (nearest !== undefined) direct.set(table.oid, nearest);
  }
  const used = new Set([...direct.values()].map((table) => table.oid));
  for (const root of findOtherwiseDivided(all, chosen, byName, targets)) used.add(root.oid);
  return new Map(
    [...direct].map(([oid, table]) => {
      const highest = ancestors(table, targetsByOid).findLast((at) => used.has(at.oid));
      return [oid, highest ?? table];
    }),
  );
}

/**
 * Partitioned tables that are chosen whole and are divided otherwise on the target: a partition there may hold
 * rows of any partition of the source, so the trees are compared as one.
 */
function findOtherwiseDivided(
  all: readonly Table[],
  chosen: readonly Table[],
  byName: ReadonlyMap<string, Table>,
  targets: readonly Table[],
): Table[] {
  const isChosen = new Set(chosen.map((table) => table.oid));
  const bounds = new Map(all.map((table) => [qualifiedName(table), table.partitionBound]));
  return all.flatMap((root) => {
    const twin = byName.get(qualifiedName(root));
    if (root.kind !== 'p' || root.isPartition || twin?.kind !== 'p') return [];
    const isWhole = leavesOf(root, all).every((leaf) => isChosen.has(leaf.oid));
    const isSame = partitionsOf(twin, targets).every(
      (partition) => bounds.get(qualifiedName(partition)) === partition.partitionBound,
    );
    return isWhole && !isSame ? [twin] : [];
  });
}

/** The table itself first, the root last. */
function ancestors(table: Table, byOid: ReadonlyMap<number, Table>): Table[] {
  const line: Table[] = [];
  for (let at: Table | undefined = table; at; at = byOid.get(at.parentOid ?? 0)) line.push(at);
  return line;
}

function leavesOf(table: Table, all: readonly Table[]): Table[] {
  return [table, ...partitionsOf(table, all)].filter(({ kind }) => kind === 'r');
}

/** Of all levels. */
function partitionsOf(table: Table, all: readonly Table[]): Table[] {
  return all
    .filter((child) => child.isPartition && child.parentOid === table.oid)
    .flatMap((child) => [child, ...partitionsOf(child, all)]);
}
