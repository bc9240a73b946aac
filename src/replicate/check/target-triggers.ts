import { displayName, type Table } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';
import { listNames } from './describe.ts';

export const targetTriggers = defineCheck(
  {
    CHECK_TRIGGER_ALWAYS: {
      severity: 'warns',
      meaning:
        "Triggers of the target that are enabled as ALWAYS or REPLICA fire for every row applied. The source's own trigger has done its work already, and its rows arrive too.",
      remedy:
        'run ALTER TABLE {table} DISABLE TRIGGER, or ENABLE TRIGGER (origin only), on the target',
    },
    CHECK_TRIGGER_FIRES: {
      severity: 'blocks',
      meaning:
        'The role may not set session_replication_role, so ordinary triggers of the target fire for every row applied: what they did on the source would be done twice.',
      remedy:
        'run GRANT SET ON PARAMETER session_replication_role TO {role} on the target, or ALTER TABLE {table} DISABLE TRIGGER USER',
    },
  },
  ({ target, tables }, report) => {
    for (const table of new Set(tables.flatMap((pair) => pair.target ?? []))) {
      const always = triggersOf(table, 'AR');
      const details = { table: displayName(table), role: target.role.name };
      if (always.length > 0) {
        const evidence = `enabled as ALWAYS or REPLICA: ${listNames(always)}`;
        report('CHECK_TRIGGER_ALWAYS', displayName(table), evidence, details);
      }
      const ordinary = target.role.canSetReplicationRole ? [] : triggersOf(table, 'O');
      if (ordinary.length > 0) {
        const evidence = `role ${target.role.name} cannot set session_replication_role; triggers: ${listNames(ordinary)}`;
        report('CHECK_TRIGGER_FIRES', displayName(table), evidence, details);
      }
    }
  },
);

function triggersOf(table: Table, enabled: string): string[] {
  return table.triggers
    .filter((trigger) => !trigger.isInternal && enabled.includes(trigger.enabled))
    .map((trigger) => trigger.name);
}
