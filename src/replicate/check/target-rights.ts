import { displayName, qualifiedName, type TablePrivileges } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

export const targetRights = defineCheck(
  {
    CHECK_TARGET_WRITE: {
      severity: 'blocks',
      meaning: 'The role may not change a table of the target in every way the source may.',
      remedy:
        'grant them: GRANT USAGE ON SCHEMA, GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {table} TO {role}',
    },
    CHECK_TARGET_OWNER: {
      severity: 'warns',
      meaning:
        'Only the owner of a table may drop and make its indexes, and analyze it: the copy fills the table with its indexes in place, which is slower.',
      remedy: 'run GRANT {owner} TO {role} on the target, or connect as the owner',
    },
    CHECK_LEDGER: {
      severity: 'blocks',
      meaning:
        'The role may not make or use schema sluice in the target, which holds the positions.',
      remedy:
        'run GRANT CREATE ON DATABASE {database} TO {role} on the target; if schema sluice is there, GRANT USAGE on it and ALL on its tables and functions',
    },
  },
  ({ target, tables }, report) => {
    const { role, database, privileges } = target;
    if (role.ledger === null ? !role.canCreateInDatabase : !role.ledger.canUse) {
      const evidence =
        role.ledger === null
          ? `role ${role.name} has no CREATE on database ${database.name}`
          : `role ${role.name} has no USAGE on schema sluice`;
      report('CHECK_LEDGER', 'target', evidence, { database: database.name, role: role.name });
    }
    for (const { target: table } of tables) {
      const allowed = table && privileges.get(table.oid);
      if (!table || !allowed) continue;
      const lacking = lackingPrivileges(allowed);
      const subject = displayName(table);
      if (lacking.length > 0) {
        report('CHECK_TARGET_WRITE', subject, `role ${role.name} lacks ${lacking.join(', ')}`, {
          table: qualifiedName(table),
          role: role.name,
        });
      } else if (!allowed.isOwner) {
        const evidence = `owned by ${table.owner}, of which ${role.name} is no member`;
        report('CHECK_TARGET_OWNER', subject, evidence, { owner: table.owner, role: role.name });
      }
    }
  },
);

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
