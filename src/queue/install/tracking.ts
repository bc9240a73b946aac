import { SluiceError } from '../../errors/index.ts';
import { inTransaction, type Tx } from '../../ledger/index.ts';
import { flag } from '../admin/rows.ts';
import { loadFunctions, loadSql } from '../sql.ts';
import { runTexts, toScript, waitNotLong } from './run-texts.ts';

/** In the order of their versions, 1 upward. Released ones never change: add a file and a line. */
const migrations = ['ext-001-tracking'];

const lockInstall = loadSql('lock-install');
const createRoles = loadSql('create-roles');
const createSchema = loadSql('create-tracking-schema');
const findTracking = loadSql('find-tracking');
const readVersion = loadSql('read-tracking-migrations');
const keepOriginal = loadSql('adopt/keep-tracking');
const restoreOriginal = loadSql('adopt/restore-tracking');
const forgetCompaction = loadSql('forget-tracking-compaction');
const triggers = loadSql('schema/ext-triggers');
const grants = loadSql('schema/ext-grants');

/**
 * Brings schema `pgq_ext` of a target to what consumers need that keep their position there, in one transaction of
 * its own: installs it, upgrades it, or takes over what the original's knows. The target needs no queue.
 *
 * @returns whether it was not there, or the original's
 * @throws QUEUE_SCHEMA_NEWER  a newer Sluice has been here
 * @throws QUEUE_INSTALL_RIGHTS  this user may not
 * @throws QUEUE_INSTALL_BUSY  a transaction that uses the tables did not end in time
 * @throws QUEUE_ADOPT_DEPENDENTS  something of the database's own hangs on what would change
 */
export async function installTracking(tx: Tx): Promise<boolean> {
  return inTransaction(tx, async () => {
    await tx.query(lockInstall);
    const isNew = !(await isOurs(tx));
    await runTexts(tx, [waitNotLong, createRoles, ...(await trackingTexts(tx))]);
    return isNew;
  });
}

/** What installs schema `pgq_ext` in a database that has none, for `psql --single-transaction`. */
export function trackingScript(): string {
  return toScript([waitNotLong, createRoles, ...newTrackingTexts()]);
}

/**
 * What is to be run in this database, where the roles are made already.
 *
 * @throws QUEUE_SCHEMA_NEWER
 */
export async function trackingTexts(tx: Tx): Promise<string[]> {
  if (!(await isOurs(tx))) return [keepOriginal, ...newTrackingTexts(), restoreOriginal];
  const { rows } = await tx.query(readVersion);
  const applied = Number(rows[0]!['version']);
  if (applied > migrations.length) {
    throw new SluiceError('QUEUE_SCHEMA_NEWER', { found: applied, known: migrations.length });
  }
  return textsAfter(applied);
}

async function isOurs(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query(findTracking);
  return flag(rows[0]!, 'is_ours');
}

export function newTrackingTexts(): string[] {
  return textsAfter(0);
}

function textsAfter(applied: number): string[] {
  return [
    'set local check_function_bodies = off', // they refer to one another, and to tables
    createSchema,
    ...migrations
      .slice(applied)
      .flatMap((name, index) => [
        loadSql(`schema/${name}`),
        `insert into pgq_ext.migration (version, name) values (${applied + index + 1}, '${name}')`,
      ]),
    ...loadFunctions('pgq_ext'),
    forgetCompaction,
    triggers,
    grants,
  ];
}
