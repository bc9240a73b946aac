import type { ErrorSpecs } from './spec.ts';

export const copyErrors = {
  COPY_SNAPSHOT_LOST: {
    decision: 'reconnect',
    message: 'snapshot {snapshot} of the source was gone before every table was copied',
    remedy: 'take a new snapshot and go on: tables that are copied stay',
  },
  COPY_SOURCE_REWRITTEN: {
    decision: 'reconnect',
    message:
      '{table} was rewritten or truncated on the source after the snapshot was taken: its rows cannot be read in that snapshot any more',
    remedy: 'take a new snapshot and go on: tables that are copied stay',
  },
  COPY_TARGET_NOT_EMPTY: {
    decision: 'fix',
    message: 'table {table} of the target has rows that are not ours',
    remedy: 'empty it, or leave it out, then start again',
  },
  COPY_ROWS_DIFFER: {
    decision: 'stop',
    message: 'the source sent {sent} rows of {table}, the target kept {kept}',
    remedy:
      'find what swallows rows on the target (a BEFORE INSERT trigger, a rule), then start again',
  },
  COPY_REFUSED: {
    decision: 'fix',
    message: 'copying {table} was refused with SQLSTATE {sqlstate}',
    remedy: 'see the log of the server that refused it; copied tables stay, start again',
  },
  COPY_RESTORE_DENIED: {
    decision: 'stop',
    message: '{kind} {object} of {table} could not be made again: SQLSTATE 42501, no privilege',
    remedy:
      "give the role the table's ownership, CREATE on its schema, REFERENCES on what a foreign key points at, EXECUTE on the functions of an index (sluice check names what it can see), then start again; all rows stay, and the definition is in sluice.dropped_object",
  },
  COPY_RESTORE_REFUSED: {
    decision: 'stop',
    message: '{kind} {object} of {table} could not be made again: SQLSTATE {sqlstate}',
    remedy:
      'make the rows fit it, then start again (a foreign key can also be dropped); all rows stay, and the definition is in sluice.dropped_object',
  },
} as const satisfies ErrorSpecs;
