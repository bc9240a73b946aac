import { defineCheck } from './define.ts';

export const replicationPrivilege = defineCheck(
  {
    CHECK_REPLICATION: {
      severity: 'blocks',
      meaning: 'The role may not open replication connections to the source.',
      remedy:
        'run ALTER ROLE {role} REPLICATION on the source (on Amazon RDS: GRANT rds_replication TO {role})',
    },
  },
  ({ source }, report) => {
    const { role } = source;
    if (role.canReplicate) return;
    const evidence = `role ${role.name} has no REPLICATION attribute`;
    report('CHECK_REPLICATION', 'source', evidence, { role: role.name });
  },
);
