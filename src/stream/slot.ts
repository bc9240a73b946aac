import type { SlotFacts, Tx } from '../ledger/index.ts';
import { Backoff, sqlstateOf, systemClock } from '../service/index.ts';
import { parseLsn, type Lsn } from '../wire/index.ts';
import { loadSql } from './sql.ts';

const readSlotSql = loadSql('read-slot');
const readFlushPosition = loadSql('read-flush-position');

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

/** Begins to read a slot; the walsender of a process that died may have it for a moment yet. */
export async function onceFree<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const backoff = new Backoff();
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (sqlstateOf(error) !== objectInUse) throw error;
      await systemClock.sleep(backoff.nextDelayMs(), signal);
    }
  }
}

const objectInUse = '55006';

function textOf(row: Record<string, unknown>, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}
