import type { ErrorSpecs } from './spec.ts';

export const jobsErrors = {
  JOBS_BEFORE_RUN: {
    decision: 'fix',
    message: 'job {job}: before_run returned {rows} rows, expected one',
    remedy: 'let it return one row, or nothing at all (an INSERT, a CALL)',
  },
  JOBS_EVENT_FIELD: {
    decision: 'fix',
    message: 'job {job}: event {event} has nothing in {field}, which is to name its queue',
    remedy: 'choose another queue_field, or pass such events over: filter = "ev_{field} <> \'\'"',
  },
  JOBS_INI: {
    decision: 'fix',
    message: '{file} cannot be used, problems: {count}\n  {problems}\n',
    remedy: 'correct them (docs/jobs.md); nothing was started',
  },
  JOBS_NOT_CONFIGURED: {
    decision: 'fix',
    message: '{file} has no [jobs.NAME]',
    remedy: 'add one (sluice jobs init KIND prints it), or name an ini file',
  },
  JOBS_QUERY: {
    decision: 'fix',
    message: '{setting}: % begins no %(field)s at: {place}',
    remedy: 'write %% for a percent sign (in an ini file %%%%)',
  },
  JOBS_QUERY_FIELD: {
    decision: 'fix',
    message: '{setting}: there is no value for %({field})s',
    remedy: 'name a column that every event has, or pass other events over with tables or filter',
  },
  JOBS_UNKNOWN: {
    decision: 'fix',
    message: 'there is no job {name} in {file}{nearest}',
    remedy: 'name one of [jobs], or an ini file',
  },
} as const satisfies ErrorSpecs;
