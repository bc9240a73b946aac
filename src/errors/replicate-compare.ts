import type { ErrorSpecs } from './spec.ts';

export const compareErrors = {
  COMPARE_DENIED: {
    decision: 'fix',
    message: 'reading all rows of {table} on the {side} is not allowed (SQLSTATE 42501)',
    remedy:
      'give the role SELECT on the table and, where row security is enabled, BYPASSRLS: rows that are hidden cannot be compared',
  },
  COMPARE_NO_PIPELINE: {
    decision: 'fix',
    message: 'the target knows no pipeline {pipeline} whose copy has begun',
    remedy:
      'name one that sluice replicate status shows, or compare both databases as they are (--as-is)',
  },
  COMPARE_NO_TABLES: {
    decision: 'fix',
    message: 'there is no table to compare: {patterns} selects nothing',
    remedy: 'correct the table patterns',
  },
  COMPARE_NOT_RUNNING: {
    decision: 'fix',
    message: 'nothing runs pipeline {pipeline}, so that the target does not reach {position}',
    remedy: 'start it, then compare again',
  },
  COMPARE_PASSED: {
    decision: 'retry',
    message: 'the target of {pipeline} is at {position} instead of {wanted}: the hold was lost',
    remedy: 'compare again',
  },
  COMPARE_SLOT: {
    decision: 'fix',
    message: 'the source gives no snapshot by a temporary slot: {reason} (SQLSTATE {sqlstate})',
    remedy:
      'a comparison of a pipeline needs wal_level = logical, a free slot and a free WAL sender there, and the REPLICATION privilege',
  },
  COMPARE_SNAPSHOT_LOST: {
    decision: 'reconnect',
    message: 'the snapshot of the {side} is gone: the connection that kept it has ended',
    remedy: 'compare again',
  },
  COMPARE_TABLE: {
    decision: 'fix',
    message: 'reading {table} on the {side} failed with SQLSTATE {sqlstate}',
    remedy: 'see the SQLSTATE in the PostgreSQL manual, appendix A, and the server log there',
  },
  COMPARE_WAIT: {
    decision: 'retry',
    message: 'waited {waitedMs} ms in vain for {what}',
    remedy: 'look at what it waited for, then compare again',
  },
} as const satisfies ErrorSpecs;
