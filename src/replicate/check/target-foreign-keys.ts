import { displayName, type ForeignKey } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

export const targetForeignKeys = defineCheck(
  {
    CHECK_FOREIGN_KEY_ACTION: {
      severity: 'blocks',
      meaning:
        'The role may not set session_replication_role, so a foreign key of the target that cascades would change rows by itself, before the same changes arrive from the source.',
      remedy:
        'run GRANT SET ON PARAMETER session_replication_role TO {role} on the target, or drop the foreign key there until you switch over',
    },
    CHECK_FOREIGN_KEY_CHECKED: {
      severity: 'warns',
      meaning:
        'The role may not set session_replication_role, so the target checks its foreign keys for every row applied: slower, and within one transaction the order matters.',
      remedy:
        'run GRANT SET ON PARAMETER session_replication_role TO {role} on the target, or make the foreign key DEFERRABLE INITIALLY DEFERRED there',
    },
    CHECK_FOREIGN_KEY_OUTSIDE: {
      severity: 'warns',
      meaning:
        'A foreign key of the target points at a table that is not moved: if the rows are missing there, it cannot be restored after the copy.',
      remedy: 'move {referenced} too, or drop the foreign key on the target',
    },
  },
  ({ target, tables }, report) => {
    const targets = [...new Set(tables.flatMap((pair) => pair.target ?? []))];
    const moved = new Set(targets.flatMap((table) => [table.oid, table.rootOid]));
    const keys = targets.flatMap((table) => table.foreignKeys.filter((key) => key.isEnforced));
    for (const key of keys.filter((key) => !key.isInherited)) {
      const subject = `${displayName(key.table)}.${key.name}`;
      const referenced = displayName(key.referenced);
      if (!moved.has(key.referencedOid)) {
        const evidence = `references ${referenced}, which is not moved`;
        report('CHECK_FOREIGN_KEY_OUTSIDE', subject, evidence, { referenced });
      }
      if (target.role.canSetReplicationRole) continue;
      const evidence = `references ${referenced}; role ${target.role.name} cannot set session_replication_role`;
      const details = { role: target.role.name };
      if (hasAction(key)) report('CHECK_FOREIGN_KEY_ACTION', subject, evidence, details);
      else report('CHECK_FOREIGN_KEY_CHECKED', subject, evidence, details);
    }
  },
);

/** CASCADE, SET NULL or SET DEFAULT: it writes. */
function hasAction(key: ForeignKey): boolean {
  return 'cnd'.includes(key.onDelete) || 'cnd'.includes(key.onUpdate);
}
