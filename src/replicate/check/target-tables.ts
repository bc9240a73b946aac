import { displayName, qualifiedName } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

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
      remedy: 'run TRUNCATE {table} on the target if its rows can go, or leave the table out',
    },
  },
  ({ tables }, report) => {
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
        report('CHECK_NOT_EMPTY', subject, 'has rows, and the ledger knows no copy of it', details);
      }
    }
  },
);
