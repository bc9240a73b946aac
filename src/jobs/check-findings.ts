import { findingsOf, type FindingSpecs } from '../service/index.ts';

/** What a check of a job may find beside what is found of its queues, by code. */
export const jobFindingSpecs = {
  CHECK_JOB_ARCHIVE: {
    severity: 'blocks',
    meaning:
      'Rows of the table cannot be moved: it is not there, has no primary key, or deleting them would change other tables.',
    remedy:
      'name another table, give it a primary key, or archive the tables that refer to it first and let them refuse',
  },
  CHECK_JOB_CREATE: {
    severity: 'blocks',
    meaning: 'An archiver makes schema sluice_jobs in its target, and the user may not.',
    remedy: 'run GRANT CREATE ON DATABASE {database} TO {user} in the target',
  },
  CHECK_JOB_QUERY: {
    severity: 'blocks',
    meaning: 'A query of the settings cannot be read: a % in it begins no value.',
    remedy: 'write %% for a percent sign',
  },
  CHECK_JOB_TABLE: {
    severity: 'blocks',
    meaning: 'The job writes to a table, or makes tables like it, that its target does not have.',
    remedy: 'create the table, or name another one',
  },
  CHECK_JOB_TABLE_RIGHTS: {
    severity: 'blocks',
    meaning: 'The user may not do with a table what the job does with it.',
    remedy: 'run GRANT {missing} ON {table} TO {user}',
  },
  CHECK_JOB_TABLE_SKIPPED: {
    severity: 'warns',
    meaning: 'A bulk_loader passes over events of a table that its target does not have.',
    remedy: 'create the table, or correct tables and remap_tables',
  },
} as const satisfies FindingSpecs;

export const findJobProblem = findingsOf(jobFindingSpecs);
