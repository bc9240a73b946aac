import type { TypeFacts } from './types.ts';

/** A relation's name, as stored (not quoted). */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface Column {
  /** `attnum`: gaps where columns were dropped. */
  readonly number: number;
  readonly name: string;
  readonly typeOid: number;
  /** Schema and name, quoted where needed: `pg_catalog.int4`. */
  readonly typeName: string;
  /** As `format_type` writes it: `character varying(20)`. */
  readonly displayType: string;
  /** -1 for none, and for a domain. */
  readonly typeModifier: number;
  /** The modifier that values obey: the column's own, or the one that its domain fixes. */
  readonly effectiveModifier: number;
  /** The type under all domains. */
  readonly baseTypeOid: number;
  readonly typeKind: TypeFacts['kind'];
  /** The type and every type inside it can be sent and received in binary. */
  readonly hasBinary: boolean;
  /** A `reg*` type, or one that contains it: its binary form is an OID of this database. */
  readonly isReg: boolean;
  /**
   * What the type is made of, without its modifier and the names of enums, domains, composites and ranges;
   * equal shapes have equal binary forms.
   */
  readonly shape: string;
  /** Extensions inside the type with their versions; they say how its binary form looks. */
  readonly extensions: readonly string[];
  /** The labels of every enum inside the type, in the order of its parts. */
  readonly enums: readonly (readonly string[])[];
  readonly isNotNull: boolean;
  readonly hasDefault: boolean;
  readonly generated: '' | 's' | 'v';
  readonly identity: '' | 'a' | 'd';
  /** Schema and name, or null for types without. */
  readonly collation: string | null;
}

export interface IndexConstraint {
  readonly name: string;
  readonly kind: 'p' | 'u' | 'x';
  readonly definition: string;
  readonly isDeferrable: boolean;
  readonly isDeferred: boolean;
  readonly isWithoutOverlaps: boolean;
  readonly comment: string | null;
  /** Objects that need the constraint (views that group by the key), foreign keys not counted. */
  readonly dependents: readonly string[];
}

export interface Index {
  readonly tableOid: number;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** The whole CREATE INDEX, names qualified as the search path of the reading session asks. */
  readonly definition: string;
  readonly method: string;
  /** Key columns; expressions are left out, see `hasExpressions`. */
  readonly columns: readonly string[];
  readonly hasExpressions: boolean;
  readonly predicate: string | null;
  readonly isPrimary: boolean;
  readonly isUnique: boolean;
  /** False for a deferrable constraint: no replica identity, no ON CONFLICT. */
  readonly isImmediate: boolean;
  readonly isValid: boolean;
  readonly isExclusion: boolean;
  readonly isReplicaIdentity: boolean;
  readonly isClustered: boolean;
  readonly nullsNotDistinct: boolean;
  /** On a partitioned table: it has no storage, its partitions' indexes are attached to it. */
  readonly isPartitioned: boolean;
  /** Attached to the index of the parent: it cannot be dropped by itself. */
  readonly isAttached: boolean;
  readonly tablespace: string | null;
  readonly bytes: number;
  readonly comment: string | null;
  readonly statisticsTargets: readonly { readonly number: number; readonly target: number }[];
  readonly dependsOnExtension: boolean;
  readonly constraint: IndexConstraint | null;
}

export interface ForeignKey {
  readonly oid: number;
  readonly name: string;
  readonly tableOid: number;
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly referencedOid: number;
  readonly referenced: TableName;
  readonly referencedColumns: readonly string[];
  readonly referencedIndexOid: number;
  readonly definition: string;
  readonly isValidated: boolean;
  readonly isEnforced: boolean;
  readonly isDeferrable: boolean;
  /** Comes with the foreign key of the partitioned parent (or for a partition of what it points at). */
  readonly isInherited: boolean;
  readonly onDelete: 'a' | 'r' | 'c' | 'n' | 'd';
  readonly onUpdate: 'a' | 'r' | 'c' | 'n' | 'd';
  readonly comment: string | null;
  /** Somebody disabled or re-enabled its triggers one by one; making it anew would lose that. */
  readonly hasChangedTriggers: boolean;
  readonly isOfExtension: boolean;
}

export interface Trigger {
  readonly tableOid: number;
  readonly name: string;
  /** O: fires unless session_replication_role is replica; R: fires only then; A: always; D: never. */
  readonly enabled: 'O' | 'R' | 'A' | 'D';
  readonly isInternal: boolean;
  readonly isForeignKey: boolean;
  readonly isRow: boolean;
  readonly isBefore: boolean;
  readonly definition: string | null;
}

export interface Table extends TableName {
  /** Of the server it was read from: 17. */
  readonly serverMajor: number;
  readonly oid: number;
  /** r: has rows; p: partitioned, the rows are in its leaves. */
  readonly kind: 'r' | 'p';
  readonly persistence: 'p' | 'u';
  readonly isPartition: boolean;
  readonly parentOid: number | null;
  readonly rootOid: number | null;
  /** Parents by INHERITS, not by partitioning. */
  readonly inheritsFrom: readonly number[];
  /** Partitions or inheriting tables exist: reading it without ONLY reads them too. */
  readonly hasChildren: boolean;
  readonly partitionKey: string | null;
  readonly partitionBound: string | null;
  /** d: the primary key, i: an index, f: the whole row, n: nothing. */
  readonly replicaIdentity: 'd' | 'i' | 'f' | 'n';
  /** What old rows are known by in the stream; empty when UPDATE and DELETE cannot be published. */
  readonly replicaIdentityColumns: readonly string[];
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly uniqueIndexes: readonly Index[];
  readonly indexes: readonly Index[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Foreign keys of any table that point here. */
  readonly referencedBy: readonly ForeignKey[];
  readonly triggers: readonly Trigger[];
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  /** Row security applies to the role that read this. */
  readonly isRowSecurityActive: boolean;
  readonly owner: string;
  readonly hasRules: boolean;
  readonly accessMethod: string | null;
  readonly tablespace: string | null;
  /** Null when the table was never analyzed. */
  readonly estimatedRows: number | null;
  readonly heapBytes: number;
  readonly totalBytes: number;
  /** Blocks of the heap: the ctid ranges that a copy works through. */
  readonly blocks: number;
}
