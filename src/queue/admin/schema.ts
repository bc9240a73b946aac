import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { loadSql } from '../sql.ts';
import { text, texts } from './rows.ts';

const schemaSql = loadSql('find-queue-schema');

/** Whose schema pgq a database has. */
export type QueueSchema = 'ours' | 'original';

/** @returns null: the database has no queues */
export async function findSchema(tx: Tx): Promise<QueueSchema | null> {
  return (await readSchema(tx)).schema;
}

/**
 * @param feature  what the original does not have
 * @throws QUEUE_NOT_INSTALLED, QUEUE_ORIGINAL
 */
export async function requireOurs(tx: Tx, feature: string): Promise<void> {
  const { schema, database } = await readSchema(tx);
  if (schema === null) throw new SluiceError('QUEUE_NOT_INSTALLED', { database });
  if (schema === 'original') throw new SluiceError('QUEUE_ORIGINAL', { database, feature });
}

/** @throws QUEUE_NOT_INSTALLED */
export async function requireSchema(tx: Tx): Promise<QueueSchema> {
  const { schema, database } = await readSchema(tx);
  if (schema === null) throw new SluiceError('QUEUE_NOT_INSTALLED', { database });
  return schema;
}

async function readSchema(tx: Tx): Promise<{ schema: QueueSchema | null; database: string }> {
  const row = (await tx.query(schemaSql)).rows[0]!;
  const found = texts(row, 'found');
  const schema = found === 'ours' || found === 'original' ? found : null;
  return { schema, database: text(row, 'database') };
}
