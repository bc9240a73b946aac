import type { ErrorSpecs } from './spec.ts';

export const jobsErrors = {
  JOBS_ARCHIVE_DIFFERS: {
    decision: 'stop',
    message: 'job {job}: {table}: {problem}; nothing was deleted',
    remedy:
      'see what changes rows there: a trigger, a rule, a type with another precision; then start again',
  },
  JOBS_ARCHIVE_OPEN: {
    decision: 'retry',
    message: 'job {job}: transaction {xid} of its run before has not ended in the source',
    remedy: 'it is waited for',
  },
  JOBS_ARCHIVE_TABLE: {
    decision: 'fix',
    message: 'job {job}: rows of {table} cannot be moved: it {problem}',
    remedy:
      'give it a primary key, or archive the tables that refer to it first and let them refuse',
  },
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
  JOBS_NO_COLUMN: {
    decision: 'fix',
    message: 'an event has no column {column}',
    remedy: 'correct fields, or pass such events over with filter',
  },
  JOBS_NO_DATE: {
    decision: 'fix',
    message: 'the {column} of an event holds no date',
    remedy: 'name a column that always does, or pass such events over with filter',
  },
  JOBS_NO_KEY: {
    decision: 'fix',
    message: 'a row of {table} came without its key: it cannot be found in the target',
    remedy: 'give the table a primary key, or its trigger pkey=COLUMNS',
  },
  JOBS_NO_QUEUE: {
    decision: 'fix',
    message:
      'queue {queue} of the target takes no events: it is not there, or inserts are disabled',
    remedy: 'create it: sluice queue create {queue} --db URL',
  },
  JOBS_NO_TABLE: {
    decision: 'fix',
    message: 'there is no table {table} in the target',
    remedy: 'create it, or give a part_template that does',
  },
  JOBS_NOT_CONFIGURED: {
    decision: 'fix',
    message: '{file} has no [jobs.NAME]',
    remedy: 'add one (sluice jobs init KIND prints it), or name an ini file',
  },
  JOBS_NOT_RUNNING: {
    decision: 'fix',
    message: '{file}: the process of its pidfile does not run',
    remedy: 'start it, or see who else keeps the queues: sluice queue status',
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
  JOBS_ROW_DELETED: {
    decision: 'fix',
    message: 'a row of {table} was deleted, which keep_all has no way to keep',
    remedy: 'use keep_latest, or pass deletes over: filter = "ev_type not like \'D%\'"',
  },
  JOBS_ROW_EVENT: {
    decision: 'fix',
    message: 'event {event} tells of no row',
    remedy:
      'pass such events over with filter: only logutriga and jsontriga write what is read here',
  },
  JOBS_RUNS_ALREADY: {
    decision: 'retry',
    message: 'job {job} is at work in another process',
    remedy: 'it is waited for; stop one of them',
  },
  JOBS_STILL_RUNS: {
    decision: 'fix',
    message: 'job {job}: process {pid} was told to end, and has not yet',
    remedy: 'wait for the batch it is at (its log, pg_stat_activity), or kill it: nothing is lost',
  },
  JOBS_UNKNOWN: {
    decision: 'fix',
    message: 'there is no job {name} in {file}{nearest}',
    remedy: 'name one of [jobs], or an ini file',
  },
} as const satisfies ErrorSpecs;
