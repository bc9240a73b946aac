import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { decisionOf, systemClock, type Log } from '../../service/index.ts';
import { createSlot, Session, untilAborted, type ConnectionTarget } from '../../session/index.ts';
import { readSlot, removeSlot } from '../../stream/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { loadSql, textOf } from '../sql.ts';

const readBlockers = loadSql('source/sql/slot-blockers');
const endWalsender = loadSql('source/sql/end-walsender');

/**
 * Removes a slot of ours whose maker gave up, when there is one. A server that waits for open transactions does
 * not notice that its client has gone: it goes on making the slot, and would for as long as they last.
 */
async function clearSlot(source: Tx, slot: string, signal: AbortSignal): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + clearMs;
  for (let left = await readSlot(source, slot); left; left = await readSlot(source, slot)) {
    const isLate = systemClock.monotonicMs() > deadlineMs;
    if (left.activePid === null || isLate) await removeSlot(source, slot);
    else {
      await source.query(endWalsender, [slot]);
      await systemClock.sleep(50, signal);
    }
  }
}

// An ended walsender takes a moment to let go; one that does not makes the attempt fail (55006), to come again.
const clearMs = 5_000;

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
 * Creates a slot and exports its snapshot. One of that name is removed first: the caller knows that it is of no
 * use, being left by a creator that failed.
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
  await clearSlot(source, slot, signal);
  const holder = await Session.connect(target, {
    purpose: 'snapshot',
    side: 'source',
    replication: true,
    signal,
  });
  const watching = new AbortController();
  let lostBy: unknown = null;
  const watch = reportBlockers(source, slot, log, watching.signal).catch((error: unknown) => {
    // The attempt is over without that session; the server may wait for hours yet.
    lostBy = error;
    holder.destroy();
  });
  try {
    return await untilAborted(signal, [holder], async () => {
      const made = await createSlot(holder, { name: slot, temporary, snapshot: 'export' });
      if (made.snapshotName === null) throw new SluiceError('REPLICATE_NO_SNAPSHOT', { slot });
      return { lsn: made.consistentPoint, name: made.snapshotName, holder };
    });
  } catch (error) {
    signal.throwIfAborted();
    throw lostBy ?? error;
  } finally {
    watching.abort();
    await watch;
  }
}

// Most slots are made in well under a second; whoever waits longer wants to know why.
const firstReportMs = 2_000;

/** Rejects when the session to the source is lost; then nobody waits for the slot any more. */
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
    try {
      const { rows } = await source.query(readBlockers);
      const blockers = rows
        .map((row) => `pid ${textOf(row, 'pid')} (${textOf(row, 'seconds')} s)`)
        .join(', ');
      log.warn('creating the slot waits for open transactions', { slot, blockers });
    } catch (error) {
      if (signal.aborted) return;
      if (decisionOf(error) === 'reconnect') throw error;
      log.warn('creating the slot takes long; what it waits for cannot be seen', { slot, error });
      return;
    }
  }
}
