import { displayName, qualifiedName, type Table } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

export const replicaIdentity = defineCheck(
  {
    CHECK_NO_IDENTITY: {
      severity: 'blocks',
      meaning:
        "The table has no usable replica identity. Published as it is, the application's own UPDATE and DELETE on it would fail.",
      remedy:
        'add a primary key to {table}; or run ALTER TABLE {table} REPLICA IDENTITY USING INDEX (a unique index on NOT NULL columns) or REPLICA IDENTITY FULL (slow to apply); or move inserts and truncates only (tables_without_key = "insert_only")',
    },
    CHECK_INSERT_ONLY: {
      severity: 'warns',
      meaning:
        'The table has no usable replica identity: updates and deletes do not reach the target.',
      remedy: 'give {table} a primary key if its rows change; comparing shows what was missed',
    },
    CHECK_IDENTITY_DEFERRABLE: {
      severity: 'blocks',
      meaning:
        "The primary key is deferrable, which is no replica identity. Published as it is, the application's own UPDATE and DELETE on the table would fail.",
      remedy:
        'make another unique index on NOT NULL columns and run ALTER TABLE {table} REPLICA IDENTITY USING INDEX with it, or make the key NOT DEFERRABLE',
    },
    CHECK_IDENTITY_FULL: {
      severity: 'warns',
      meaning:
        'The whole row is its replica identity: every update and delete carries all old values, and the target looks rows up by all columns.',
      remedy: 'give {table} a primary key and run ALTER TABLE {table} REPLICA IDENTITY DEFAULT',
    },
  },
  ({ tables, tablesWithoutKey }, report) => {
    for (const { source: table } of tables) {
      const subject = displayName(table);
      const details = { table: qualifiedName(table) };
      if (table.replicaIdentity === 'f') {
        const evidence = 'REPLICA IDENTITY FULL';
        if (!hasRowKey(table)) report('CHECK_IDENTITY_FULL', subject, evidence, details);
      } else if (table.replicaIdentityColumns.length === 0) {
        const evidence = describeIdentity(table);
        if (tablesWithoutKey === 'insert_only') {
          report('CHECK_INSERT_ONLY', subject, evidence, details);
        } else if (table.replicaIdentity === 'd' && table.primaryKey.length > 0) {
          report('CHECK_IDENTITY_DEFERRABLE', subject, evidence, details);
        } else {
          report('CHECK_NO_IDENTITY', subject, evidence, details);
        }
      }
    }
  },
);

/** A key that the target can look rows up by, though the whole row is sent. */
function hasRowKey(table: Table): boolean {
  return table.indexes.some((index) => index.isPrimary && index.isImmediate);
}

function describeIdentity(table: Table): string {
  if (table.replicaIdentity === 'n') return 'REPLICA IDENTITY NOTHING';
  if (table.replicaIdentity === 'i') return 'the index of REPLICA IDENTITY USING INDEX is gone';
  if (table.primaryKey.length > 0) return 'the primary key is deferrable';
  return 'REPLICA IDENTITY DEFAULT without a primary key';
}
