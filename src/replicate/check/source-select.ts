import { displayName, identifier, qualifiedName } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

export const sourceSelect = defineCheck(
  {
    CHECK_SELECT: {
      severity: 'blocks',
      meaning: 'The role may not read a table, so it cannot be copied.',
      remedy:
        'run GRANT USAGE ON SCHEMA {schema} TO {role} and GRANT SELECT ON {table} TO {role} on the source',
    },
  },
  ({ source, tables }, report) => {
    for (const { source: table } of tables) {
      const allowed = source.privileges.get(table.oid);
      if (allowed === undefined || (allowed.canSelect && allowed.canUseSchema)) continue;
      const what = allowed.canUseSchema
        ? 'SELECT on all columns'
        : `USAGE on schema ${table.schema}`;
      report('CHECK_SELECT', displayName(table), `role ${source.role.name} has no ${what}`, {
        schema: identifier(table.schema),
        table: qualifiedName(table),
        role: source.role.name,
      });
    }
  },
);
