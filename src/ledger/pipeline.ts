import { SluiceError } from '../errors/index.ts';
import { formatLsn, type Lsn } from '../wire/index.ts';
import { lsnOrNull, numberOrNull, text, textOrNull, type Row } from './rows.ts';
import { loadSql } from './sql.ts';
import { inTransaction, type Tx } from './tx.ts';

/** A pipeline as its target remembers it. */
export interface Pipeline {
  readonly name: string;
  /** Counts the claims; only the newest owner's transactions commit. */
  readonly epoch: bigint;
  readonly sourceSystemId: string;
  readonly sourceDatabase: string;
  readonly slot: string;
  readonly publication: string;
  /** Every source commit up to here is in the target; null before the first slot was recorded. */
  readonly position: Lsn | null;
  /** When the position was written, by the target's clock (ISO text). */
  readonly writtenAt: string | null;
  /** Apply must not go beyond this while the backend `holdOwner` lives; `advance` knows. */
  readonly holdLsn: Lsn | null;
  readonly holdOwner: number | null;
  /** The durable spill that must exist for the slot to be ahead of the position. */
  readonly spill: string | null;
  readonly createdAt: string;
}

/** Who claims: what a pipeline of that name is recorded with when it is new. */
export interface PipelineClaim {
  readonly name: string;
  readonly sourceSystemId: string;
  readonly sourceDatabase: string;
  readonly slot: string;
  readonly publication: string;
}

const lockEpoch = loadSql('lock-epoch');
const claim = loadSql('claim-pipeline');
const read = loadSql('read-pipeline');
const list = loadSql('list-pipelines');
const firstPosition = loadSql('set-first-position');
const spillName = loadSql('set-spill');
const drop = loadSql('drop-pipeline');

/**
 * Becomes the pipeline's owner: records it, or raises its epoch, in a transaction of its own. Waits
 * for the open transactions of the owner before; whatever that owner tries later fails with
 * LEDGER_FENCED. The slot and publication of a known pipeline stay as recorded, since they hold the
 * source's WAL: use the returned ones.
 *
 * @throws LEDGER_OTHER_SOURCE  the recorded source is another server or database
 */
export async function claimPipeline(tx: Tx, wanted: PipelineClaim): Promise<Pipeline> {
  return await inTransaction(tx, async () => {
    await tx.query(lockEpoch, [wanted.name]);
    const { rows } = await tx.query(claim, [
      wanted.name,
      wanted.sourceSystemId,
      wanted.sourceDatabase,
      wanted.slot,
      wanted.publication,
    ]);
    if (rows[0] === undefined) throw await refuseSource(tx, wanted);
    return toPipeline(rows[0]);
  });
}

export async function readPipeline(tx: Tx, name: string): Promise<Pipeline | null> {
  const { rows } = await tx.query(read, [name]);
  return rows[0] === undefined ? null : toPipeline(rows[0]);
}

export async function listPipelines(tx: Tx): Promise<Pipeline[]> {
  const { rows } = await tx.query(list);
  return rows.map(toPipeline);
}

/**
 * Records the consistent point of the slot that was just created; the only other way the position
 * moves is `advance`.
 *
 * @throws LEDGER_FENCED  the epoch is not ours any more, or a position is recorded already
 */
export async function setFirstPosition(
  tx: Tx,
  owner: Pick<Pipeline, 'name' | 'epoch'>,
  position: Lsn,
): Promise<void> {
  const values = [owner.name, String(owner.epoch), formatLsn(position)];
  const { rowCount } = await tx.query(firstPosition, values);
  if (rowCount !== 1) throw new SluiceError('LEDGER_FENCED', { pipeline: owner.name });
}

/** Names (or with null forgets) the durable spill that holds what is confirmed beyond the position. */
export async function setSpill(
  tx: Tx,
  owner: Pick<Pipeline, 'name' | 'epoch'>,
  spill: string | null,
): Promise<void> {
  const { rowCount } = await tx.query(spillName, [owner.name, String(owner.epoch), spill]);
  if (rowCount !== 1) throw new SluiceError('LEDGER_FENCED', { pipeline: owner.name });
}

/** Forgets everything about a pipeline. Its journal too: restore what was dropped first. */
export async function dropPipeline(tx: Tx, name: string): Promise<boolean> {
  const { rowCount } = await tx.query(drop, [name]);
  return rowCount === 1;
}

async function refuseSource(tx: Tx, wanted: PipelineClaim): Promise<SluiceError> {
  const known = await readPipeline(tx, wanted.name);
  return new SluiceError('LEDGER_OTHER_SOURCE', {
    pipeline: wanted.name,
    recorded: `${known?.sourceDatabase} of system ${known?.sourceSystemId}`,
    found: `${wanted.sourceDatabase} of system ${wanted.sourceSystemId}`,
  });
}

function toPipeline(row: Row): Pipeline {
  return {
    name: text(row, 'name'),
    epoch: BigInt(text(row, 'epoch')),
    sourceSystemId: text(row, 'source_system_id'),
    sourceDatabase: text(row, 'source_database'),
    slot: text(row, 'slot'),
    publication: text(row, 'publication'),
    position: lsnOrNull(row, 'position'),
    writtenAt: textOrNull(row, 'written_at'),
    holdLsn: lsnOrNull(row, 'hold_lsn'),
    holdOwner: numberOrNull(row, 'hold_owner'),
    spill: textOrNull(row, 'spill'),
    createdAt: text(row, 'created_at'),
  };
}
