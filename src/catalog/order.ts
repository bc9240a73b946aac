import type { ForeignKey, TableName } from './table.ts';

/** What ordering needs to know of a table. */
export interface TableReferences extends TableName {
  readonly oid: number;
  readonly foreignKeys: readonly Pick<ForeignKey, 'referencedOid'>[];
}

export interface TableOrder<T> {
  /** Parents before the tables that reference them; within a cycle, by name. */
  readonly tables: readonly T[];
  /** Groups of tables that reference one another in a circle. A table that references itself is one. */
  readonly cycles: readonly (readonly T[])[];
}

/** The tables in that order, when cycles need no telling. */
export function dependencyOrder<T extends TableReferences>(tables: readonly T[]): readonly T[] {
  return orderByForeignKeys(tables).tables;
}

interface Visit {
  readonly order: number;
  low: number;
  isOpen: boolean;
}

/**
 * Orders tables so that inserting in that order satisfies foreign keys, and deleting in the reverse
 * order does. Keys to tables that are not in the list do not count. Strongly connected components
 * by Tarjan; the recursion is as deep as the longest chain of references.
 */
export function orderByForeignKeys<T extends TableReferences>(tables: readonly T[]): TableOrder<T> {
  const sorted = tables.toSorted((a, b) => compareNames(a, b));
  const byOid = new Map(sorted.map((table) => [table.oid, table]));
  const visits = new Map<number, Visit>();
  const open: T[] = [];
  const groups: T[][] = [];

  const visit = (table: T): Visit => {
    const self: Visit = { order: visits.size, low: visits.size, isOpen: true };
    visits.set(table.oid, self);
    open.push(table);
    for (const parent of parentsOf(table, byOid)) {
      const known = visits.get(parent.oid);
      if (known === undefined) self.low = Math.min(self.low, visit(parent).low);
      else if (known.isOpen) self.low = Math.min(self.low, known.order);
    }
    if (self.low === self.order) groups.push(closeGroup(table, open, visits));
    return self;
  };
  for (const table of sorted) if (!visits.has(table.oid)) visit(table);

  return {
    tables: groups.flat(),
    cycles: groups.filter((group) => group.length > 1 || group.some(referencesItself)),
  };
}

function closeGroup<T extends TableReferences>(
  first: T,
  open: T[],
  visits: ReadonlyMap<number, Visit>,
): T[] {
  const group = open.splice(open.indexOf(first));
  for (const table of group) visits.get(table.oid)!.isOpen = false;
  return group.toSorted((a, b) => compareNames(a, b));
}

function parentsOf<T extends TableReferences>(table: T, byOid: ReadonlyMap<number, T>): T[] {
  return table.foreignKeys.flatMap((key) => byOid.get(key.referencedOid) ?? []);
}

function referencesItself(table: TableReferences): boolean {
  return table.foreignKeys.some((key) => key.referencedOid === table.oid);
}

function compareNames(a: TableName, b: TableName): number {
  return compareText(a.schema, b.schema) || compareText(a.name, b.name);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
