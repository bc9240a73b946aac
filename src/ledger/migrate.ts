import { SluiceError } from '../errors/index.ts';
import { text } from './rows.ts';
import { loadMigration, loadSql } from './sql.ts';
import { inTransaction, type Tx } from './tx.ts';

/** In the order of their versions, 1 upward. Released ones never change: add a file and a line. */
const migrations = ['001-tables', '002-functions', '003-source-oid', '004-table-choice'];

const findLedger = loadSql('find-ledger');
const readMigrations = loadSql('read-migrations');
const lockMigrations = loadSql('lock-migrations');
const createLedger = loadSql('create-ledger');
const recordMigration = loadSql('record-migration');

/**
 * Brings the schema `sluice` of this database to what this program needs, in one transaction of its
 * own. Several programs may call it at the same time. An up-to-date ledger is only read, so that a
 * role without CREATE on the database can use it.
 *
 * @throws LEDGER_NEWER  a newer Sluice has been here
 */
export async function migrate(tx: Tx): Promise<void> {
  if ((await appliedMigrations(tx)) === migrations.length) return;
  await inTransaction(tx, async () => {
    await tx.query(lockMigrations);
    await tx.query(createLedger);
    const applied = await appliedMigrations(tx);
    for (const [index, name] of migrations.slice(applied).entries()) {
      await tx.query(loadMigration(name));
      await tx.query(recordMigration, [String(applied + index + 1), name]);
    }
  });
}

/** True when the ledger's schema is there, of whatever version. */
export async function ledgerExists(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query(findLedger);
  return rows[0] !== undefined && text(rows[0], 'exists') === 'true';
}

async function appliedMigrations(tx: Tx): Promise<number> {
  if (!(await ledgerExists(tx))) return 0;
  const { rows } = await tx.query(readMigrations);
  const newest = rows.length === 0 ? 0 : Number(text(rows.at(-1)!, 'version'));
  if (newest > migrations.length) {
    throw new SluiceError('LEDGER_NEWER', { found: newest, known: migrations.length });
  }
  return newest;
}
