import { loadSql, oidArray, readFacts, type Queryable } from './sql.ts';

/** What the connected role may do in this database. */
export interface Role {
  readonly name: string;
  readonly isSuperuser: boolean;
  readonly canReplicate: boolean;
  readonly bypassesRowSecurity: boolean;
  /** Schemas and publications need CREATE on the database. */
  readonly canCreateInDatabase: boolean;
  /** Staging tables need TEMPORARY on the database. */
  readonly canCreateTemporary: boolean;
  readonly canReadAllStats: boolean;
  /** May switch off triggers and foreign keys for its session. */
  readonly canSetReplicationRole: boolean;
  /** Schema `sluice`, when it is there; to be used with all its tables. */
  readonly ledger: { readonly canUse: boolean; readonly canCreate: boolean } | null;
}

export interface TablePrivileges {
  readonly oid: number;
  /** Owns the table, directly or as a member: may publish it, drop its indexes. */
  readonly isOwner: boolean;
  /** Owns the table's schema: may drop an index without owning its table, and not make it again. */
  readonly isSchemaOwner: boolean;
  readonly canUseSchema: boolean;
  /** Making an index takes this beside owning the table. */
  readonly canCreateInSchema: boolean;
  /** All columns. */
  readonly canSelect: boolean;
  readonly canInsert: boolean;
  readonly canUpdate: boolean;
  readonly canDelete: boolean;
  readonly canTruncate: boolean;
}

type RawRole = Omit<Role, 'canSetReplicationRole'> & { readonly maySetReplicationRole: boolean };

const readRoleSql = loadSql('read-role');
const probeSql = loadSql('probe-replication-role');
const readTablePrivilegesSql = loadSql('read-table-privileges');

/** The connection must not be inside a transaction: a refused probe would end it. */
export async function readRole(db: Queryable): Promise<Role> {
  const [raw] = await readFacts<RawRole>(db, readRoleSql);
  if (raw === undefined) throw new TypeError('the current role is not in pg_roles');
  const { maySetReplicationRole, ...role } = raw;
  return { ...role, canSetReplicationRole: maySetReplicationRole || (await probe(db)) };
}

/** By table OID. */
export async function readTablePrivileges(
  db: Queryable,
  oids: readonly number[],
): Promise<Map<number, TablePrivileges>> {
  const values = [oidArray(oids)];
  const facts = await readFacts<TablePrivileges>(db, readTablePrivilegesSql, values);
  return new Map(facts.map((privileges) => [privileges.oid, privileges]));
}

/**
 * Managed services let roles set it that the catalogs do not name. The setting is local to the one
 * statement.
 */
async function probe(db: Queryable): Promise<boolean> {
  try {
    await db.query(probeSql);
    return true;
  } catch (error) {
    if (isInsufficientPrivilege(error)) return false;
    throw error;
  }
}

function isInsufficientPrivilege(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const sqlstate = 'sqlstate' in error ? error.sqlstate : 'code' in error ? error.code : undefined;
  return sqlstate === '42501';
}
