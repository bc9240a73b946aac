import { isSluiceError, registry } from '../../errors/index.ts';
import { startPosition, type Pipeline, type SlotFacts } from '../../ledger/index.ts';
import { formatLsn, type Lsn } from '../../wire/index.ts';
import { defineCheck } from './define.ts';

const { LEDGER_OTHER_SOURCE, LEDGER_SLOT_AHEAD, LEDGER_SLOT_LOST, LEDGER_SLOT_MISSING } = registry;

/** What a start of a pipeline that has been running would find of its source: the start rules' own words. */
export const slotPosition = defineCheck(
  {
    CHECK_OTHER_SOURCE: {
      severity: 'blocks',
      meaning:
        'The pipeline follows another server or database; positions of one mean nothing on another.',
      remedy: LEDGER_OTHER_SOURCE.remedy,
    },
    CHECK_SLOT_MISSING: {
      severity: 'blocks',
      meaning: "The pipeline's slot is gone: changes after its position may be gone with it.",
      remedy: LEDGER_SLOT_MISSING.remedy,
    },
    CHECK_SLOT_LOST: {
      severity: 'blocks',
      meaning: "The source has given up the pipeline's slot: changes after its position are gone.",
      remedy: LEDGER_SLOT_LOST.remedy,
    },
    CHECK_SLOT_AHEAD: {
      severity: 'blocks',
      meaning:
        'The source has let go of changes that the target does not hold, as after a restore of the target from a backup.',
      remedy: LEDGER_SLOT_AHEAD.remedy,
    },
  },
  (facts, report) => {
    const { pipeline, slot, source } = facts;
    if (pipeline === null || slot === undefined) return;
    const { systemId, name } = source.database;
    if (pipeline.sourceSystemId !== systemId || pipeline.sourceDatabase !== name) {
      const recorded = `${pipeline.sourceDatabase} of system ${pipeline.sourceSystemId}`;
      const evidence = `the pipeline follows ${recorded}, this is ${name} of system ${systemId}`;
      report('CHECK_OTHER_SOURCE', 'source', evidence);
      return;
    }
    const code = refusalOf(pipeline, slot);
    if (code === null) return;
    const held = `the target holds all up to ${describeLsn(pipeline.position)}`;
    const seen = {
      CHECK_SLOT_MISSING: 'no such slot on the source',
      CHECK_SLOT_LOST: `invalidated: ${slot?.invalidationReason ?? 'its WAL was removed'}`,
      CHECK_SLOT_AHEAD: `confirmed up to ${describeLsn(slot?.confirmedFlushLsn ?? null)}`,
    };
    report(code, `slot ${pipeline.slot}`, `${seen[code]}; ${held}`);
  },
);

type SlotFinding = 'CHECK_SLOT_MISSING' | 'CHECK_SLOT_LOST' | 'CHECK_SLOT_AHEAD';

/** A durable spill cannot be seen from here: where there is one, it is taken to hold what was confirmed. */
function refusalOf(pipeline: Pipeline, slot: SlotFacts | null): SlotFinding | null {
  const spill = pipeline.spill === null ? null : { endLsn: slot?.confirmedFlushLsn ?? null };
  try {
    startPosition(pipeline, slot, spill);
    return null;
  } catch (error) {
    if (isSluiceError(error, 'LEDGER_SLOT_MISSING')) return 'CHECK_SLOT_MISSING';
    if (isSluiceError(error, 'LEDGER_SLOT_LOST')) return 'CHECK_SLOT_LOST';
    if (isSluiceError(error, 'LEDGER_SLOT_AHEAD')) return 'CHECK_SLOT_AHEAD';
    throw error;
  }
}

function describeLsn(lsn: Lsn | null): string {
  return lsn === null ? 'nothing' : formatLsn(lsn);
}
