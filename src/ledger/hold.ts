import { formatLsn, parseLsn, type Lsn } from '../wire/index.ts';
import { translate } from './fence.ts';
import { text } from './rows.ts';
import { loadSql } from './sql.ts';
import type { Tx } from './tx.ts';

const hold = loadSql('hold');
const release = loadSql('release');

/**
 * Makes apply stop exactly at `position`, or where it is now with null, until `releasePipeline` or
 * the end of this connection. Only for a connection outside any transaction. Hold with null first,
 * make the snapshot, then hold at its position: apply cannot pass it in between.
 *
 * @returns the position held
 * @throws LEDGER_HOLD  apply is beyond it (the hold, if we had one, is over), or somebody else holds
 */
export async function holdPipeline(tx: Tx, name: string, position: Lsn | null): Promise<Lsn> {
  const values = [name, position === null ? null : formatLsn(position)];
  const { rows } = await translate(name, tx.query(hold, values));
  return parseLsn(text(rows[0] ?? {}, 'hold'));
}

/** Apply may go on. Without a hold of ours nothing happens. */
export async function releasePipeline(tx: Tx, name: string): Promise<void> {
  await tx.query(release, [name]);
}
