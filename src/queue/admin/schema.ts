import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { text, texts } from './rows.ts';

const schemaSql = loadSql('find-queue-schema');

/** Whose schema pgq a database has. */
export type QueueSchema = 'ours' | 'original';

/** @returns null: the database has no queues */
export async function findSchema(tx: Tx): Promise<QueueSchema | null> {
  const { rows } = await tx.query(schemaSql);
  const found = texts(rows[0]!, 'found');
  return found === 'ours' || found === 'original' ? found : null;
}

/**
 * @param feature  what the original does not have
 * @throws QUEUE_NOT_INSTALLED, QUEUE_ORIGINAL
 */
export async function requireOurs(tx: Tx, feature: string): Promise<void> {
  if ((await requireSchema(tx)) === 'ours') return;
  const { rows } = await tx.query(schemaSql);
  throw new SluiceError('QUEUE_ORIGINAL', { database: text(rows[0]!, 'database'), feature });
}

/** @throws QUEUE_NOT_INSTALLED */
export async function requireSchema(tx: Tx): Promise<QueueSchema> {
  const found = await findSchema(tx);
  if (found !== null) return found;
  const { rows } = await tx.query(schemaSql);
  throw new SluiceError('QUEUE_NOT_INSTALLED', { database: text(rows[0]!, 'database') });
}
