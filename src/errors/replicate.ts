import type { ErrorSpecs } from './spec.ts';

export const replicateErrors = {
  APPLY_FAILED: {
    decision: 'stop',
    message:
      'change {change} of transaction {xid} ({operation} on {table}, commit {commitLsn}) was refused with SQLSTATE {sqlstate}',
    remedy:
      'make the target accept it (see the server log there), then start again; nothing after {position} was applied',
  },
  APPLY_ROW_MISSING: {
    decision: 'stop',
    message:
      'change {change} of transaction {xid} ({operation} on {table}, commit {commitLsn}) found {found} rows on the target, expected 1',
    remedy:
      'the target was changed by somebody else: find the rows (sluice replicate compare --as-is), put them right, start again; nothing after {position} was applied',
  },
  APPLY_TRUNCATE_PARTITION: {
    decision: 'stop',
    message:
      'the source truncated partition {partition}, which the target holds inside {table} with other partitions',
    remedy: 'delete those rows on the target, then drop the pipeline and copy the table again',
  },
  REPLICATE_BLOCKED: {
    decision: 'fix',
    message: 'pipeline {pipeline} cannot start, findings that block: {count}, the first: {finding}',
    remedy: 'see all of them with sluice check, and what each asks for',
  },
  REPLICATE_NO_SNAPSHOT: {
    decision: 'bug',
    message: 'the source made slot {slot} without a snapshot',
    remedy: 'report it with the version of the source',
  },
  REPLICATE_NO_IDENTITY: {
    decision: 'fix',
    message:
      'pipeline {pipeline} cannot follow {table}, which has no usable replica identity (tables like it: {count}): published, its UPDATE and DELETE would fail',
    remedy:
      'give it a primary key or a REPLICA IDENTITY, leave it out, or follow its inserts and truncates only (tablesWithoutKey, tables_without_key = "insert_only")',
  },
  REPLICATE_NO_TABLES: {
    decision: 'fix',
    message: 'pipeline {pipeline} has no tables: nothing on the source matches {patterns}',
    remedy: 'name tables that exist',
  },
  REPLICATE_OLD_ROWS: {
    decision: 'stop',
    message:
      'the source sends {table} as it was before it changed: column {column}; the target {problem}',
    remedy:
      "give the target's column a type that takes both (without a modifier) until they are applied, then start again; nothing after the position was applied",
  },
  REPLICATE_RUNNING: {
    decision: 'fix',
    message: 'a process runs pipeline {pipeline}',
    remedy: 'stop it first',
  },
  REPLICATE_SLOT_UNKNOWN: {
    decision: 'stop',
    message:
      'slot {slot} exists on the source, but the ledger of the target does not know pipeline {pipeline}: the target was restored or replaced',
    remedy: 'run sluice replicate drop {pipeline}, then start it to copy anew',
  },
  REPLICATE_TABLE_ADDED: {
    decision: 'reconnect',
    message: '{table} is published now and was not when the pipeline started',
    remedy: 'start again, so that it is copied first',
  },
  REPLICATE_TABLE_CHANGED: {
    decision: 'stop',
    message: 'the source sends {table} with {change}',
    remedy:
      'make the same change on the target, then start again; nothing after the position was applied',
  },
  REPLICATE_TABLE_GONE: {
    decision: 'stop',
    message: 'the pipeline has copied {table}, which is {change}: changes of it would be left out',
    remedy:
      'undo it if it was renamed, or add the pattern {pattern} to the tables to leave it out: its rows on the target stay as they are; then start again',
  },
  REPLICATE_TABLE_REPLACED: {
    decision: 'stop',
    message:
      '{table} of the source is not the table that was copied, or was not published all the time since: changes were missed',
    remedy: 'drop the pipeline (sluice replicate drop), empty the target, and copy anew',
  },
  REPLICATE_TEXT_NEEDED: {
    decision: 'reconnect',
    message:
      'column {column} of {table} was of another type when it was written: binary does not fit',
    remedy: 'start again, asking for text',
  },
} as const satisfies ErrorSpecs;
