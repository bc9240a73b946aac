import type { ErrorSpecs } from './spec.ts';

export const ledgerErrors = {
  LEDGER_NEWER: {
    decision: 'fix',
    message: 'schema sluice has migration {found}, this program knows {known}',
    remedy: 'run the Sluice that wrote it, or a newer one',
  },
  LEDGER_OTHER_SOURCE: {
    decision: 'stop',
    message: 'pipeline {pipeline} follows {recorded}, but the source now is {found}',
    remedy:
      'connect to the recorded source, or drop the pipeline (sluice replicate drop), empty its tables on the target, and copy anew: positions of one server mean nothing on another',
  },
  LEDGER_FENCED: {
    decision: 'stop',
    message:
      'pipeline {pipeline} belongs to another owner now; nothing of this transaction was kept',
    remedy: 'let the newer owner work, or stop it and start this one again',
  },
  LEDGER_MOVED: {
    decision: 'stop',
    message: 'the position of {pipeline} is not where it was left: {evidence}',
    remedy: 'start the pipeline again; it begins at the position the target holds',
  },
  LEDGER_HOLD: {
    decision: 'retry',
    message: 'pipeline {pipeline} cannot be held: {evidence}',
    remedy: 'wait for the other comparison to end, then try again',
  },
  LEDGER_HELD: {
    decision: 'retry',
    message: 'apply must not go on yet: {evidence}',
    remedy: 'roll back and come again with less; the hold of {pipeline} ends with its comparison',
  },
  LEDGER_JOURNAL: {
    decision: 'bug',
    message:
      'the journal of {table} has entry {ordinal} ({object}) in another state than we left it',
    remedy: 'look at sluice.dropped_object in the target; what has no restored_at must be restored',
  },
  LEDGER_SLOT_MISSING: {
    decision: 'resync',
    message: 'slot {slot} of {pipeline} is gone; changes after {position} may be gone with it',
    remedy:
      'drop the pipeline (sluice replicate drop), empty its tables on the target, and copy anew',
  },
  LEDGER_SLOT_LOST: {
    decision: 'resync',
    message:
      'slot {slot} of {pipeline} was invalidated ({reason}); changes after {position} are gone',
    remedy:
      'raise max_slot_wal_keep_size on the source, drop the pipeline (sluice replicate drop), empty its tables on the target, and copy anew',
  },
  LEDGER_SLOT_AHEAD: {
    decision: 'stop',
    message:
      'slot {slot} was confirmed up to {confirmed}, but the target holds {pipeline} only up to {position}: rows between them are not in the target',
    remedy:
      'if the target was restored from a backup, drop the pipeline (sluice replicate drop), empty its tables on the target, and copy anew',
  },
  LEDGER_SPILL_MISSING: {
    decision: 'stop',
    message: 'pipeline {pipeline} needs its durable spill {spill}, which is not here',
    remedy:
      'start where the spill is, or drop the pipeline (sluice replicate drop), empty its tables on the target, and copy anew',
  },
} as const satisfies ErrorSpecs;
