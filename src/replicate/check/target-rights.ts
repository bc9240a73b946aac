import {
  displayName,
  identifier,
  qualifiedName,
  type Table,
  type TablePrivileges,
} from '../../catalog/index.ts';
import { defineCheck } from './define.ts';
import type { MissingRight } from './missing-rights.ts';

export const targetRights = defineCheck(
  {
    CHECK_TARGET_WRITE: {
      severity: 'blocks',
      meaning:
        'The role may not change a table of the target in every way the source may; that takes the functions of its indexes, check constraints, generated columns and domains too.',
      remedy:
        'run GRANT USAGE ON SCHEMA {schema} TO {role} and GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {table} TO {role} on the target; where functions are named, GRANT EXECUTE on them, to the role that is named with them if one is',
    },
    CHECK_TARGET_OWNER: {
      severity: 'warns',
      meaning:
        'Only the owner of a table may drop and make its indexes, and analyze it: the copy fills the table with its indexes in place, which is slower.',
      remedy: 'run GRANT {owner} TO {role} on the target, or connect as the owner',
    },
    CHECK_TARGET_REBUILD: {
      severity: 'blocks',
      meaning:
        "The role may drop indexes and foreign keys of a table, as the copy does, and not make them again, which is hours later: that takes the table's ownership and CREATE on its schema; REFERENCES on the tables that foreign keys point at; CREATE on the tablespaces of indexes, USAGE on the schemas that their definitions name, and, for the owner of the table, EXECUTE on their functions.",
      remedy: 'run {grants} on the target, or connect as a role that may',
    },
    CHECK_TARGET_TEMPORARY: {
      severity: 'blocks',
      meaning:
        'The role may not create temporary tables in the target, by which changes are applied.',
      remedy: 'run GRANT TEMPORARY ON DATABASE {database} TO {role} on the target',
    },
    CHECK_LEDGER: {
      severity: 'blocks',
      meaning:
        'The role may not make or use schema sluice in the target, which holds the positions.',
      remedy:
        'run GRANT CREATE ON DATABASE {database} TO {role} on the target; if schema sluice is there, GRANT USAGE on it and ALL on its tables and functions',
    },
  },
  ({ target, tables, missingRights }, report) => {
    const { role, database, privileges } = target;
    if (role.ledger === null ? !role.canCreateInDatabase : !role.ledger.canUse) {
      const evidence =
        role.ledger === null
          ? `role ${role.name} has no CREATE on database ${database.name}`
          : `role ${role.name} may not use schema sluice and all its tables`;
      report('CHECK_LEDGER', 'target', evidence, { database: database.name, role: role.name });
    }
    if (!role.canCreateTemporary) {
      const evidence = `role ${role.name} has no TEMPORARY on database ${database.name}`;
      const details = { database: database.name, role: role.name };
      report('CHECK_TARGET_TEMPORARY', 'target', evidence, details);
    }
    for (const { target: table, state, isStripped } of tables) {
      const allowed = table && privileges.get(table.oid);
      if (!table || !allowed) continue;
      const functions = missingRights.toWrite.filter((right) => right.table.oid === table.oid);
      const lacking = [
        ...lackingPrivileges(allowed),
        ...functions.map((right) => describeRightOf(role.name, right)),
      ];
      const subject = displayName(table);
      const mustRebuild = isStripped || (state?.state !== 'ready' && table.indexes.length > 0);
      if (lacking.length > 0) {
        report('CHECK_TARGET_WRITE', subject, `role ${role.name} lacks ${lacking.join(', ')}`, {
          schema: identifier(table.schema),
          table: qualifiedName(table),
          role: role.name,
        });
      } else if (
        mustRebuild &&
        (isStripped || mayDropIndexes(allowed)) &&
        !mayMakeIndexes(allowed)
      ) {
        const { evidence, grants } = describeRebuild(table, allowed, role.name);
        report('CHECK_TARGET_REBUILD', subject, evidence, { grants });
      } else if (!allowed.isOwner) {
        const evidence = `owned by ${table.owner}, of which ${role.name} is no member`;
        report('CHECK_TARGET_OWNER', subject, evidence, { owner: table.owner, role: role.name });
      }
    }
    for (const [table, rights] of Map.groupBy(missingRights.toRestore, (right) => right.table)) {
      const missing = rights.map((right) => `role ${right.grantee} has no ${describeRight(right)}`);
      const grants = rights.map(grantOf).join(' and ');
      report('CHECK_TARGET_REBUILD', displayName(table), missing.join(', '), { grants });
    }
  },
);

/** `REFERENCES on table shop.customer` */
function describeRight({ privilege, kind, object }: MissingRight): string {
  return `${privilege} on ${kind} ${object}`;
}

/** What a SECURITY DEFINER function calls is for its owner to be allowed. */
function describeRightOf(role: string, right: MissingRight): string {
  const described = describeRight(right);
  return right.grantee === role ? described : `${described} for role ${right.grantee}`;
}

function grantOf({ privilege, kind, object, grantee }: MissingRight): string {
  return `GRANT ${privilege} ON ${kind.toUpperCase()} ${object} TO ${grantee}`;
}

/** Whoever owns the schema may drop what is in it. */
function mayDropIndexes(allowed: TablePrivileges): boolean {
  return allowed.isOwner || allowed.isSchemaOwner;
}

function mayMakeIndexes(allowed: TablePrivileges): boolean {
  return allowed.isOwner && allowed.canCreateInSchema;
}

function describeRebuild(
  table: Table,
  { isOwner, canCreateInSchema }: TablePrivileges,
  role: string,
): { evidence: string; grants: string } {
  const missing = [
    ...(isOwner ? [] : [`is no member of ${table.owner}, who owns it`]),
    ...(canCreateInSchema ? [] : [`has no CREATE on schema ${table.schema}`]),
  ];
  const grants = [
    ...(isOwner ? [] : [`GRANT ${table.owner} TO ${role}`]),
    ...(canCreateInSchema ? [] : [`GRANT CREATE ON SCHEMA ${identifier(table.schema)} TO ${role}`]),
  ];
  return { evidence: `role ${role} ${missing.join(' and ')}`, grants: grants.join(' and ') };
}

/** SELECT too: an UPDATE or DELETE that looks for rows reads them. */
function lackingPrivileges(allowed: TablePrivileges): string[] {
  const words: [boolean, string][] = [
    [allowed.canUseSchema, 'USAGE on the schema'],
    [allowed.canSelect, 'SELECT'],
    [allowed.canInsert, 'INSERT'],
    [allowed.canUpdate, 'UPDATE'],
    [allowed.canDelete, 'DELETE'],
    [allowed.canTruncate, 'TRUNCATE'],
  ];
  return words.filter(([isAllowed]) => !isAllowed).map(([, word]) => word);
}
