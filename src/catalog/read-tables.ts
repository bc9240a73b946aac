import { compilePatterns } from './patterns.ts';
import { loadSql, oidArray, readFacts, type Queryable } from './sql.ts';
import type { Column, ForeignKey, Index, Table, TableName, Trigger } from './table.ts';
import { summarizeType, type TypeFacts, type Types } from './types.ts';

/** Which tables; see `compilePatterns` for the language. */
export interface TableSelection {
  /** Nothing given: all tables. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

interface ListedTable extends TableName {
  readonly oid: number;
  readonly kind: 'r' | 'p';
  readonly parentOid: number | null;
}

type RawColumn = Omit<
  Column,
  | 'baseTypeOid'
  | 'effectiveModifier'
  | 'typeKind'
  | 'hasBinary'
  | 'isReg'
  | 'shape'
  | 'extensions'
  | 'enums'
>;
type RawTable = Omit<
  Table,
  | 'columns'
  | 'replicaIdentityColumns'
  | 'primaryKey'
  | 'uniqueIndexes'
  | 'indexes'
  | 'foreignKeys'
  | 'referencedBy'
  | 'triggers'
> & { readonly columns: readonly RawColumn[] };

const listTablesSql = loadSql('list-tables');
const readTablesSql = loadSql('read-tables');
const readTypesSql = loadSql('read-types');
const readIndexesSql = loadSql('read-indexes');
const readForeignKeysSql = loadSql('read-foreign-keys');
const readTriggersSql = loadSql('read-triggers');

/**
 * The selected tables with everything that copying and applying to them must know, by schema and
 * name. A selected partitioned table brings its partitions, except those excluded. Never: system
 * schemas, temporary tables, tables of extensions, our own schema.
 *
 * The session's search path must be empty (ours are): definitions are read as it asks.
 */
export async function readTables(db: Queryable, selection: TableSelection = {}): Promise<Table[]> {
  const listed = await readFacts<ListedTable>(db, listTablesSql);
  const oids = selectTables(listed, selection).map((table) => table.oid);
  return oids.length === 0 ? [] : await readTablesByOid(db, oids);
}

/** The same for known tables; those that are gone are left out. */
export async function readTablesByOid(db: Queryable, oids: readonly number[]): Promise<Table[]> {
  const values = [oidArray(oids)];
  const raw = await readFacts<RawTable>(db, readTablesSql, values);
  const types = await readFacts<TypeFacts>(db, readTypesSql, values);
  const indexes = await readFacts<Index>(db, readIndexesSql, values);
  const foreignKeys = await readFacts<ForeignKey>(db, readForeignKeysSql, values);
  const triggers = await readFacts<Trigger>(db, readTriggersSql, values);
  const parts = {
    types: new Map(types.map((type) => [type.oid, type])),
    indexes: Map.groupBy(indexes, (index) => index.tableOid),
    foreignKeys: Map.groupBy(foreignKeys, (key) => key.tableOid),
    referencedBy: Map.groupBy(foreignKeys, (key) => key.referencedOid),
    triggers: Map.groupBy(triggers, (trigger) => trigger.tableOid),
  };
  return raw.map((table) => joinTable(table, parts));
}

interface Parts {
  readonly types: Types;
  readonly indexes: ReadonlyMap<number, Index[]>;
  readonly foreignKeys: ReadonlyMap<number, ForeignKey[]>;
  readonly referencedBy: ReadonlyMap<number, ForeignKey[]>;
  readonly triggers: ReadonlyMap<number, Trigger[]>;
}

function joinTable(raw: RawTable, parts: Parts): Table {
  const indexes = parts.indexes.get(raw.oid) ?? [];
  const columns = raw.columns.map((column) => joinColumn(column, parts.types));
  return {
    ...raw,
    columns,
    indexes,
    primaryKey: indexes.find((index) => index.isPrimary)?.columns ?? [],
    uniqueIndexes: indexes.filter((index) => index.isUnique && index.isValid),
    replicaIdentityColumns: replicaIdentityColumns(raw.replicaIdentity, indexes, columns),
    foreignKeys: parts.foreignKeys.get(raw.oid) ?? [],
    referencedBy: parts.referencedBy.get(raw.oid) ?? [],
    triggers: parts.triggers.get(raw.oid) ?? [],
  };
}

function joinColumn(raw: RawColumn, types: Types): Column {
  const { kind, domainModifier, ...summary } = summarizeType(raw.typeOid, types);
  const effectiveModifier = Math.max(raw.typeModifier, domainModifier);
  return { ...raw, ...summary, typeKind: kind, effectiveModifier };
}

/** A deferrable primary key is no replica identity: the server refuses UPDATE and DELETE with it. */
function replicaIdentityColumns(
  identity: Table['replicaIdentity'],
  indexes: readonly Index[],
  columns: readonly Column[],
): readonly string[] {
  switch (identity) {
    case 'd':
      return indexes.find((index) => index.isPrimary && index.isImmediate)?.columns ?? [];
    case 'i':
      return indexes.find((index) => index.isReplicaIdentity && index.isImmediate)?.columns ?? [];
    case 'f':
      return columns.filter((column) => column.generated === '').map((column) => column.name);
    default:
      return [];
  }
}

function selectTables(listed: readonly ListedTable[], selection: TableSelection): ListedTable[] {
  const { include = [], exclude = [] } = selection;
  const filter = compilePatterns([...include, ...exclude.map((pattern) => `!${pattern}`)]);
  const byOid = new Map(listed.map((table) => [table.oid, table]));
  const isIncluded = (table: ListedTable): boolean => {
    if (filter.includes(table)) return true;
    const parent = byOid.get(table.parentOid ?? 0);
    return parent !== undefined && isSelected(parent);
  };
  const isSelected = (table: ListedTable): boolean => !filter.excludes(table) && isIncluded(table);
  return listed.filter(isSelected);
}
