import { displayName, qualifiedName } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

export const rowSecurity = defineCheck(
  {
    CHECK_ROW_SECURITY: {
      severity: 'blocks',
      meaning:
        'Row security would hide rows of the source from the copy. We ask for an error instead of fewer rows, so the copy would stop.',
      remedy: 'run ALTER ROLE {role} BYPASSRLS on the source, or connect as the owner of {table}',
    },
    CHECK_ROW_SECURITY_TARGET: {
      severity: 'blocks',
      meaning: 'Row security of the target would refuse or hide rows that are applied.',
      remedy: 'run ALTER ROLE {role} BYPASSRLS on the target, or connect as the owner of {table}',
    },
  },
  ({ source, target, tables }, report) => {
    for (const pair of tables) {
      const here = pair.source;
      if (here.isRowSecurityActive) {
        const evidence = `row security applies to role ${source.role.name} on the source`;
        report('CHECK_ROW_SECURITY', displayName(here), evidence, {
          role: source.role.name,
          table: qualifiedName(here),
        });
      }
      const there = pair.target;
      if (there?.isRowSecurityActive === true) {
        const evidence = `row security applies to role ${target.role.name} on the target`;
        report('CHECK_ROW_SECURITY_TARGET', displayName(there), evidence, {
          role: target.role.name,
          table: qualifiedName(there),
        });
      }
    }
  },
);
