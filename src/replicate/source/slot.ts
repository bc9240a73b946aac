import { SluiceError } from '../../errors/index.ts';
import type { SlotFacts, Tx } from '../../ledger/index.ts';
import { systemClock, type Log } from '../../service/index.ts';
import { createSlot, Session, type ConnectionTarget } from '../../session/index.ts';
import { parseLsn, type Lsn } from '../../wire/index.ts';
import { loadSql, textOf } from '../sql.ts';

const readSlotSql = loadSql('source/sql/read-slot');
const readFlushPosition = loadSql('source/sql/read-flush-position');
const readBlockers = loadSql('source/sql/slot-blockers');

export interface SourceSlot extends SlotFacts {
  /** The walsender that uses it, null when none does. */
  readonly activePid: number | null;
}

export async function readSlot(source: Tx, slot: string): Promise<SourceSlot | null> {
  const { rows } = await source.query(readSlotSql, [slot]);
  const row = rows[0];
  if (!row) return null;
  const confirmed = textOf(row, 'confirmed_flush_lsn');
  const pid = textOf(row, 'active_pid');
  return {
    confirmedFlushLsn: confirmed === null ? null : parseLsn(confirmed),
    walStatus: textOf(row, 'wal_status'),
    invalidationReason: textOf(row, 'invalidation_reason'),
    activePid: pid === null ? null : Number(pid),
  };
}

/** How far the source's WAL is flushed: everything committed before now ends before this. */
export async function sourcePosition(source: Tx): Promise<Lsn> {
  const { rows } = await source.query(readFlushPosition);
  return parseLsn(textOf(rows[0]!, 'position')!);
}

export async function removeSlot(source: Tx, slot: string): Promise<void> {
  await source.query('SELECT pg_catalog.pg_drop_replication_slot($1::name)', [slot]);
}

/**
 * A (position, snapshot) pair: everything that committed before `lsn` is in the snapshot, everything
 * after it is in the slot's stream. The only way to such a pair is creating a slot (P2).
 */
export interface SlotSnapshot {
  readonly lsn: Lsn;
  readonly name: string;
  /** The session that exports the snapshot; the snapshot ends with it. */
  readonly holder: Session;
}

/**
 * Creates a slot and exports its snapshot.
 *
 * The server waits for every transaction that is open now; what it waits for is logged, since it
 * says nothing itself.
 *
 * @param temporary the slot ends with the holder: for the snapshot alone
 */
export async function createSlotSnapshot(
  target: ConnectionTarget,
  source: Tx,
  options: { slot: string; temporary: boolean; log: Log; signal: AbortSignal },
): Promise<SlotSnapshot> {
  const { slot, temporary, log, signal } = options;
  const holder = await Session.connect(target, { purpose: 'snapshot', replication: true, signal });
  const watching = new AbortController();
  const watch = reportBlockers(source, slot, log, watching.signal);
  const stop = () => holder.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const made = await createSlot(holder, { name: slot, temporary, snapshot: 'export' });
    if (made.snapshotName === null) throw new SluiceError('REPLICATE_NO_SNAPSHOT', { slot });
    return { lsn: made.consistentPoint, name: made.snapshotName, holder };
  } catch (error) {
    holder.destroy();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    watching.abort();
    await watch;
  }
}

// Most slots are made in well under a second; whoever waits longer wants to know why.
const firstReportMs = 2_000;

async function reportBlockers(
  source: Tx,
  slot: string,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = firstReportMs; !signal.aborted; waitMs = Math.min(waitMs * 2, 60_000)) {
    try {
      await systemClock.sleep(waitMs, signal);
    } catch {
      return; // the slot is there
    }
    const { rows } = await source.query(readBlockers);
    const blockers = rows
      .map((row) => `pid ${textOf(row, 'pid')} (${textOf(row, 'seconds')} s)`)
      .join(', ');
    log.warn('creating the slot waits for open transactions', { slot, blockers });
  }
}
