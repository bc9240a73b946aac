import { randomBytes } from 'node:crypto';
import { readOpenTransactions, type OpenTransaction, type TableName } from '../../catalog/index.ts';
import { ServerError, SluiceError } from '../../errors/index.ts';
import { systemClock } from '../../service/index.ts';
import { createSlot, Session, type ConnectionTarget } from '../../session/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { KeptSnapshot } from './kept-snapshot.ts';

export interface SlotSnapshotOptions {
  readonly source: ConnectionTarget;
  readonly lock?: { readonly source: readonly TableName[] };
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * A position of the source and the snapshot that holds exactly the commits up to it. Only the making of a
 * slot gives such a pair; the temporary slot is gone when this returns, and with us when we die before.
 *
 * @throws COMPARE_WAIT  the server waits for transactions that were open when it began
 */
export async function openSlotSnapshot(
  options: SlotSnapshotOptions,
): Promise<{ position: Lsn; snapshot: KeptSnapshot }> {
  const { source, lock, signal } = options;
  const walsender = await connectWalsender(source, signal);
  try {
    const slot = await makeSlot(walsender, options);
    const snapshot = await KeptSnapshot.open('source', source, {
      snapshot: slot.snapshotName ?? '',
      lock: lock?.source ?? [],
      signal,
    });
    return { position: slot.consistentPoint, snapshot };
  } finally {
    await walsender.close();
  }
}

async function connectWalsender(source: ConnectionTarget, signal: AbortSignal): Promise<Session> {
  try {
    return await Session.connect(source, {
      purpose: 'compare slot',
      side: 'source',
      replication: true,
      signal,
    });
  } catch (error) {
    throw explain(error);
  }
}

/** What the server refuses is a matter of privileges and settings; the rest is what it is. */
function explain(error: unknown): unknown {
  if (!(error instanceof ServerError) || error.sqlstate.startsWith('57')) return error;
  const { sqlstate, fields } = error;
  return new SluiceError('COMPARE_SLOT', { reason: fields.message, sqlstate }, { cause: error });
}

async function makeSlot(
  walsender: Session,
  { source, patienceMs, signal }: SlotSnapshotOptions,
): ReturnType<typeof createSlot> {
  const name = `sluice_compare_${randomBytes(8).toString('hex')}`;
  const late = new AbortController();
  const making = createSlot(walsender, { name, temporary: true, snapshot: 'export' });
  const waiting = systemClock
    .sleep(patienceMs, AbortSignal.any([late.signal, signal]))
    .then(() => describeWait(source, patienceMs, signal));
  try {
    const first = await Promise.race([making, waiting]);
    if (!(first instanceof SluiceError)) return first;
    throw first;
  } catch (error) {
    walsender.destroy();
    throw explain(error);
  } finally {
    late.abort();
    // The one that lost the race ends now, and nobody asks how.
    void Promise.allSettled([making, waiting]);
  }
}

/** Names who the server waits for, most likely. */
async function describeWait(
  source: ConnectionTarget,
  waitedMs: number,
  signal: AbortSignal,
): Promise<SluiceError> {
  const session = await Session.connect(source, { purpose: 'compare', side: 'source', signal });
  try {
    const [oldest] = await readOpenTransactions(session);
    const who = oldest === undefined ? '' : `: ${describeTransaction(oldest)} is open`;
    const what = `the source to give a snapshot${who}`;
    return new SluiceError('COMPARE_WAIT', { waitedMs, what });
  } finally {
    await session.close();
  }
}

function describeTransaction({ pid, gid, ageS }: OpenTransaction): string {
  const name = gid === null ? `the transaction of backend ${pid}` : `prepared transaction ${gid}`;
  return ageS === null ? name : `${name}, ${Math.round(ageS)} s old,`;
}
