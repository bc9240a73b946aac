import { displayName, type Index, type Table } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

export const targetKeys = defineCheck(
  {
    CHECK_TARGET_KEY: {
      severity: 'warns',
      meaning:
        'The target has no unique index on the columns by which the source names old rows: every update and delete reads the whole table, and a row that is there twice is not noticed.',
      remedy: 'make a primary key or unique index on ({columns}) on the target',
    },
    CHECK_TARGET_UNIQUE: {
      severity: 'warns',
      meaning:
        'The target has a unique index that the source has not: rows of the source may violate it.',
      remedy: 'drop {index} on the target, or make it on the source too',
    },
  },
  ({ tables }, report) => {
    for (const { source, target, isStripped } of tables) {
      if (target === null) continue;
      const key =
        source.replicaIdentity === 'f' ? source.primaryKey : source.replicaIdentityColumns;
      const isKeyless = key.length > 0 && !target.uniqueIndexes.some((index) => covers(index, key));
      if (isKeyless && !isStripped) {
        const columns = key.join(', ');
        const evidence = `no unique index on (${columns}) on the target`;
        report('CHECK_TARGET_KEY', displayName(target), evidence, { columns });
      }
      for (const index of extraUniqueIndexes(source, target)) {
        const evidence = `unique index ${index.name} (${index.columns.join(', ')}) is on the target only`;
        report('CHECK_TARGET_UNIQUE', displayName(target), evidence, { index: index.name });
      }
    }
  },
);

/** Unique over no more than these columns: then it finds one row at most. */
function covers(index: Index, columns: readonly string[]): boolean {
  if (index.hasExpressions || index.predicate !== null) return false;
  return index.columns.every((column) => columns.includes(column));
}

/** An index of the source over the same columns, or fewer, promises as much. */
function extraUniqueIndexes(source: Table, target: Table): Index[] {
  return target.uniqueIndexes.filter(
    (index) =>
      !source.uniqueIndexes.some((known) =>
        known.hasExpressions || known.predicate !== null
          ? bodyOf(known) === bodyOf(index)
          : covers(known, index.columns) && (known.nullsNotDistinct || !index.nullsNotDistinct),
      ),
  );
}

/** Expressions and predicates cannot be compared but as they are written, without the names. */
function bodyOf(index: Index): string {
  return index.definition.slice(index.definition.indexOf(' USING '));
}
