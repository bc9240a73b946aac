import {
  compareColumns,
  dependencyOrder,
  qualifiedName,
  readTables,
  type Queryable,
  type Table,
} from '../catalog/index.ts';
import { readEquality } from './apply/equality.ts';
import type { ReplicationOptions } from './options.ts';
import { loadSql } from './sql.ts';

const readLeaves = loadSql('source/sql/partition-leaves');

/** A table with rows on the source and where its rows go. */
export interface TablePair {
  readonly source: Table;
  readonly target: Table;
  readonly format: 'binary' | 'text';
  /** Published, and not generated on the source. */
  readonly columns: readonly string[];
  /** Published for INSERT and TRUNCATE only. */
  readonly isInsertOnly: boolean;
}

/** What a pipeline moves, as both catalogs say now. */
export interface Plan {
  readonly pairs: readonly TablePair[];
  /** What the publication of whole tables names: plain tables, and partitioned ones where all leaves are in. */
  readonly published: readonly Table[];
  readonly publishedInserts: readonly Table[];
  /** Values of the stream in binary: only when that is safe for every column (design section 6). */
  readonly streamFormat: 'binary' | 'text';
  /** Position of each target table in the order of foreign keys, parents first, by oid. */
  readonly ranks: ReadonlyMap<number, number>;
  /** Schemas of the target's `=` operators outside pg_catalog, by the type's oid. */
  readonly equality: ReadonlyMap<number, string>;
}

/**
 * Joins the chosen tables of the source with those of the target by name. A partition that the target
 * does not have goes into the nearest ancestor that it has. Tables are taken to have been checked: one that
 * has no place on the target is left to the check, which names all of them.
 */
export async function planTables(
  source: Queryable,
  target: Queryable,
  options: Pick<ReplicationOptions, 'tables' | 'tablesWithoutKey'>,
): Promise<Plan> {
  const sourceTables = await readTables(source, { include: options.tables ?? [] });
  const targetTables = await readTables(target);
  const keyless = options.tablesWithoutKey ?? 'refuse';
  const pairs = pairTables(sourceTables, targetTables, keyless);
  const whole = pairs.filter((pair) => !pair.isInsertOnly).map((pair) => pair.source);
  const inserts = pairs.filter((pair) => pair.isInsertOnly).map((pair) => pair.source);
  const order = dependencyOrder([...new Set(pairs.map((pair) => pair.target))]);
  return {
    pairs,
    published: await foldPartitions(source, sourceTables, whole),
    publishedInserts: await foldPartitions(source, sourceTables, inserts),
    streamFormat: pairs.every((pair) => pair.format === 'binary') ? 'binary' : 'text',
    ranks: new Map(order.map((table, rank) => [table.oid, rank])),
    equality: await readEquality(target),
  };
}

function pairTables(
  sourceTables: readonly Table[],
  targetTables: readonly Table[],
  tablesWithoutKey: 'refuse' | 'insert_only',
): TablePair[] {
  const byOid = new Map(sourceTables.map((table) => [table.oid, table]));
  const byName = new Map(targetTables.map((table) => [qualifiedName(table), table]));
  const pairs: TablePair[] = [];
  for (const source of sourceTables) {
    if (source.kind !== 'r' || source.persistence !== 'p') continue;
    const target = findTarget(source, byOid, byName);
    if (!target) continue;
    const { binarySafe } = compareColumns(source, target);
    pairs.push({
      source,
      target,
      format: binarySafe ? 'binary' : 'text',
      columns: source.columns.filter((c) => c.generated === '').map((c) => c.name),
      isInsertOnly:
        tablesWithoutKey === 'insert_only' && source.replicaIdentityColumns.length === 0,
    });
  }
  return pairs;
}

function findTarget(
  source: Table,
  sources: ReadonlyMap<number, Table>,
  targets: ReadonlyMap<string, Table>,
): Table | undefined {
  for (let at: Table | undefined = source; at; at = sources.get(at.parentOid ?? 0)) {
    const target = targets.get(qualifiedName(at));
    if (target) return target;
  }
  return undefined;
}

/**
 * A partitioned table whose leaves are all chosen is published by its own name: then a partition made
 * later is published from its first row on, and stops us rather than being missed.
 */
async function foldPartitions(
  source: Queryable,
  all: readonly Table[],
  chosen: readonly Table[],
): Promise<Table[]> {
  const roots = all.filter((table) => table.kind === 'p');
  if (roots.length === 0) return [...chosen];
  const { rows } = await source.query(readLeaves, [`{${roots.map((root) => root.oid).join()}}`]);
  const leaves = Map.groupBy(rows, (row) => Number(row['root']));
  const open = new Map(chosen.map((table) => [table.oid, table]));
  const folded: Table[] = [];
  for (const root of roots.toSorted((a, b) => depth(a, all) - depth(b, all))) {
    const oids = (leaves.get(root.oid) ?? []).map((row) => Number(row['leaf']));
    if (oids.length === 0 || !oids.every((oid) => open.has(oid))) continue;
    folded.push(root);
    for (const oid of oids) open.delete(oid);
  }
  return [...folded, ...open.values()];
}

function depth(table: Table, all: readonly Table[]): number {
  const parent = all.find((other) => other.oid === table.parentOid);
  return parent ? 1 + depth(parent, all) : 0;
}
