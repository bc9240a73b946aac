import { SluiceError } from '../errors/index.ts';
import { formatLsn, type Lsn } from '../wire/index.ts';
import type { Pipeline } from './pipeline.ts';

/** What the source says of the pipeline's slot (`pg_replication_slots`). */
export interface SlotFacts {
  readonly confirmedFlushLsn: Lsn | null;
  /** `wal_status`: `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | null;
  /** `invalidation_reason` (17 and newer), or `conflicting` told as a reason. */
  readonly invalidationReason: string | null;
}

/** The durable spill that the ledger names, as found on disk. */
export interface SpillFacts {
  /** Behind the last transaction in it; null when it is empty. */
  readonly endLsn: Lsn | null;
}

/**
 * Where following may begin, by promise P2: the ledger's position, and only when the source still
 * has everything after it, or our own durable spill does. Never the larger of two positions.
 *
 * @param spill null when the ledger names none, or it is not to be found
 * @returns null when the pipeline never had a slot: begin with a copy
 * @throws LEDGER_SLOT_MISSING, LEDGER_SLOT_LOST, LEDGER_SLOT_AHEAD, LEDGER_SPILL_MISSING
 */
export function startPosition(
  pipeline: Pick<Pipeline, 'name' | 'slot' | 'position' | 'spill'>,
  slot: SlotFacts | null,
  spill: SpillFacts | null,
): Lsn | null {
  const { name, position } = pipeline;
  if (position === null) return null;
  const details = { pipeline: name, slot: pipeline.slot, position: formatLsn(position) };
  if (slot === null) throw new SluiceError('LEDGER_SLOT_MISSING', details);
  if (slot.walStatus === 'lost' || slot.invalidationReason !== null) {
    const reason = slot.invalidationReason ?? 'its WAL was removed';
    throw new SluiceError('LEDGER_SLOT_LOST', { ...details, reason });
  }
  const spilled = spill?.endLsn ?? null;
  const reach = spilled !== null && spilled > position ? spilled : position;
  const confirmed = slot.confirmedFlushLsn;
  if (confirmed !== null && confirmed > reach) {
    if (pipeline.spill !== null && spill === null) {
      throw new SluiceError('LEDGER_SPILL_MISSING', { pipeline: name, spill: pipeline.spill });
    }
    throw new SluiceError('LEDGER_SLOT_AHEAD', { ...details, confirmed: formatLsn(confirmed) });
  }
  return position;
}
