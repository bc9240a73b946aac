import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { text, texts } from './rows.ts';

const schemaSql = loadSql('find-queue-schema');

/** Whose schema pgq a database has. */
export type QueueSchema = 'ours' | 'original';

/** @throws QUEUE_NOT_INSTALLED */
export async function requireSchema(tx: Tx): Promise<QueueSchema> {
  const { rows } = await tx.query(schemaSql);
  const found = texts(rows[0]!, 'found');
  if (found === 'ours' || found === 'original') return found;
  throw new SluiceError('QUEUE_NOT_INSTALLED', { database: text(rows[0]!, 'database') });
}
