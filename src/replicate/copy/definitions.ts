import {
  identifier,
  qualifiedName,
  quoteLiteral,
  type ForeignKey,
  type Index,
  type IndexConstraint,
  type TableName,
} from '../../catalog/index.ts';

/**
 * The kinds of journal entries, in the order of restoring. An `index` needs the table to itself as little
 * as another index does, so several are built at once; everything else alters the table.
 *
 * `validate` is apart from its `foreign-key` since it takes long and blocks nobody.
 */
export type ObjectKind = 'index' | 'constraint' | 'attach' | 'mark' | 'foreign-key' | 'validate';

/** One step of making a dropped object again; complete SQL, run in one transaction. */
export interface Definition {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly sql: string;
}

/** The statement that drops an index, or the constraint that it belongs to. */
export function dropIndexSql(table: TableName, index: Index): string {
  return index.constraint === null
    ? `drop index ${qualifiedName(index)}`
    : `alter table ${qualifiedName(table)} drop constraint ${identifier(index.constraint.name)}`;
}

/**
 * What makes an index again exactly: also what its definition leaves out (tablespace, comments, statistics
 * targets, the marks of CLUSTER and of the replica identity).
 *
 * A primary key is built as an index first and made a constraint then: so it keeps its storage parameters,
 * which a constraint's definition leaves out, and is built beside the other indexes.
 *
 * @param attachTo the parent's index that it was a partition of
 */
export function indexDefinitions(
  table: TableName,
  index: Index,
  attachTo: TableName | null = null,
): Definition[] {
  const name = qualifiedName(index);
  const { constraint } = index;
  const isByConstraint = constraint !== null && makesOwnIndex(constraint);
  return [
    isByConstraint
      ? { kind: 'constraint' as const, sql: ownIndexSql(table, index, constraint) }
      : { kind: 'index' as const, sql: createSql(index, index.definition) },
    ...(constraint !== null && !isByConstraint
      ? [{ kind: 'constraint' as const, sql: useIndexSql(table, index, constraint) }]
      : []),
    ...(attachTo === null
      ? []
      : [
          {
            kind: 'attach' as const,
            sql: `alter index ${qualifiedName(attachTo)} attach partition ${name}`,
          },
        ]),
    ...markStatements(table, index).map((sql) => ({ kind: 'mark' as const, sql })),
  ].map(({ kind, sql }) => ({ kind, sql, name: index.name }));
}

/**
 * The index of a partitioned table without those of its partitions, and invalid until all of them are
 * attached.
 */
export function partitionedIndexSql(
  table: TableName,
  index: Index,
  attachTo: TableName | null,
): string {
  const { constraint } = index;
  const statements = [
    constraint === null
      ? createSql(index, index.definition)
      : ownIndexSql(table, index, constraint),
  ];
  if (attachTo !== null) {
    statements.push(
      `alter index ${qualifiedName(attachTo)} attach partition ${qualifiedName(index)}`,
    );
  }
  return [...statements, ...markStatements(table, index)].join(';\n');
}

export function dropForeignKeySql(key: ForeignKey): string {
  return `alter table ${qualifiedName(key.table)} drop constraint ${identifier(key.name)}`;
}

/**
 * @param isSplit made without looking at the rows, which a second step does: servers before 18 cannot do
 *   that for partitioned tables
 */
export function foreignKeyDefinitions(key: ForeignKey, isSplit: boolean): Definition[] {
  const constraint = { name: key.name, definition: key.definition, comment: key.comment };
  const mustValidate = isSplit && key.isEnforced && key.isValidated;
  const add = addConstraintSql(key.table, constraint) + (mustValidate ? ' not valid' : '');
  const sql = key.comment === null ? add : `${add};\n${constraintComment(key.table, constraint)}`;
  const made: Definition = { kind: 'foreign-key', name: key.name, sql };
  if (!mustValidate) return [made];
  const validate = `alter table ${qualifiedName(key.table)} validate constraint ${identifier(key.name)}`;
  return [made, { kind: 'validate', name: key.name, sql: validate }];
}

/**
 * Whether all there is to the index can be made again. What a constraint's definition leaves out is kept
 * only where the index can be built first; and what an index of an extension is for, we do not know.
 */
export function isRestorable(index: Index): boolean {
  if (!index.isValid || index.dependsOnExtension) return false;
  const { constraint } = index;
  const isByDefinition = constraint === null || !(makesOwnIndex(constraint) || index.isPartitioned);
  return isByDefinition || !/\bwith \(/i.test(index.definition);
}

/** No index can be made into these; the constraint makes its own. */
function makesOwnIndex(constraint: IndexConstraint): boolean {
  return constraint.kind === 'x' || constraint.isWithoutOverlaps;
}

function ownIndexSql(table: TableName, index: Index, constraint: IndexConstraint): string {
  const only = index.isPartitioned ? 'only ' : '';
  const create =
    `alter table ${only}${qualifiedName(table)} add constraint ${identifier(constraint.name)} ` +
    constraint.definition;
  const sql = createSql(index, create);
  return constraint.comment === null ? sql : `${sql};\n${constraintComment(table, constraint)}`;
}

function createSql(index: Index, create: string): string {
  const tablespace = index.tablespace === null ? "''" : identifier(index.tablespace);
  const statements = [`set local default_tablespace = ${tablespace}`, create];
  const name = qualifiedName(index);
  for (const { number, target } of index.statisticsTargets) {
    statements.push(`alter index ${name} alter column ${number} set statistics ${target}`);
  }
  if (index.comment !== null) {
    statements.push(`comment on index ${name} is ${quoteLiteral(index.comment)}`);
  }
  return statements.join(';\n');
}

function addConstraintSql(
  table: TableName,
  { name, definition }: { name: string; definition: string },
): string {
  return `alter table ${qualifiedName(table)} add constraint ${identifier(name)} ${definition}`;
}

function useIndexSql(table: TableName, index: Index, constraint: IndexConstraint): string {
  const kind = constraint.kind === 'p' ? 'primary key' : 'unique';
  const deferrable = constraint.isDeferrable ? ' deferrable' : '';
  const deferred = constraint.isDeferred ? ' initially deferred' : '';
  const add =
    `alter table ${qualifiedName(table)} add constraint ${identifier(constraint.name)} ` +
    `${kind} using index ${identifier(index.name)}${deferrable}${deferred}`;
  return constraint.comment === null ? add : `${add};\n${constraintComment(table, constraint)}`;
}

function constraintComment(
  table: TableName,
  { name, comment }: { name: string; comment: string | null },
): string {
  const text = comment === null ? 'null' : quoteLiteral(comment);
  return `comment on constraint ${identifier(name)} on ${qualifiedName(table)} is ${text}`;
}

function markStatements(table: TableName, index: Index): string[] {
  const alter = `alter table ${qualifiedName(table)}`;
  return [
    ...(index.isClustered ? [`${alter} cluster on ${identifier(index.name)}`] : []),
    ...(index.isReplicaIdentity
      ? [`${alter} replica identity using index ${identifier(index.name)}`]
      : []),
  ];
}
