import { displayName, qualifiedName, type Table } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';
import { listNames } from './describe.ts';
import { emptyStatement, findReferring } from './empty-statement.ts';
import type { CheckedTable } from './facts.ts';

export const targetTables = defineCheck(
  {
    CHECK_TABLE_MISSING: {
      severity: 'blocks',
      meaning: 'The target has no table for the rows.',
      remedy:
        'create {table} on the target (pg_dump --schema-only of the source makes it), or leave it out with the pattern !{table}',
    },
    CHECK_TARGET_UNLOGGED: {
      severity: 'blocks',
      meaning:
        "The target's table is unlogged: a crash there empties it, while the position says its rows are in.",
      remedy: 'run ALTER TABLE {table} SET LOGGED on the target',
    },
    CHECK_NOT_EMPTY: {
      severity: 'blocks',
      meaning: "The target's table holds rows that this pipeline did not bring.",
      remedy: 'run {statement} on the target if the rows can go, or leave the table out',
    },
  },
  ({ tables, targetTables }, report) => {
    const ours = new Set(tables.flatMap(({ state, target }) => (state ? [target?.oid] : [])));
    const seen = new Set<number>();
    for (const { source, target, isTargetEmpty } of tables) {
      if (target === null) {
        const subject = displayName(source);
        const details = { table: qualifiedName(source) };
        report('CHECK_TABLE_MISSING', subject, 'no such table on the target', details);
        continue;
      }
      if (seen.has(target.oid)) continue; // several partitions may go into one table
      seen.add(target.oid);
      const details = { table: qualifiedName(target) };
      const subject = displayName(target);
      if (target.persistence === 'u') {
        report('CHECK_TARGET_UNLOGGED', subject, 'UNLOGGED on the target', details);
      }
      if (isTargetEmpty === false && !ours.has(target.oid)) {
        const referring = findReferring(target, targetTables);
        const kept = findKept(referring, tables, targetTables);
        report('CHECK_NOT_EMPTY', subject, describeRows(kept), {
          statement: emptyStatement(target, referring, kept.length === 0),
        });
      }
    }
  },
);

function describeRows(kept: readonly Table[]): string {
  const evidence = 'has rows, and the ledger knows no copy of it';
  if (kept.length === 0) return evidence;
  const [verb, whose] = kept.length === 1 ? ['refers', 'its'] : ['refer', 'their'];
  return `${evidence}; ${listNames(kept.map(displayName))} ${verb} to it, and ${whose} rows have to stay`;
}

/** Those whose rows nobody would bring again: of tables that are not moved, or are copied already. */
function findKept(
  referring: readonly Table[],
  tables: readonly CheckedTable[],
  targetTables: readonly Table[],
): Table[] {
  const sourcesOf = Map.groupBy(tables, ({ target }) => target?.oid);
  const isToFill = (table: Table): boolean => {
    const sources = sourcesOf.get(table.oid);
    if (sources !== undefined) return sources.every(isUntouched);
    const partitions = targetTables.filter(({ parentOid }) => parentOid === table.oid);
    return table.kind === 'p' && partitions.every(isToFill);
  };
  return referring.filter((table) => !isToFill(table));
}

function isUntouched({ state }: CheckedTable): boolean {
  return state === null || state.state === 'pending';
}
