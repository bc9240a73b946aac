import { z } from 'zod';
import { isSluiceError, SluiceError } from '../../errors/index.ts';
import { inTransaction, type Tx } from '../../ledger/index.ts';
import { loadFunctions, loadSql } from '../sql.ts';
import { runTexts, toScript, waitNotLong } from './run-texts.ts';
import { newTrackingTexts, trackingTexts } from './tracking.ts';

/** In the order of their versions, 1 upward. Released ones never change: add a file and a line. */
const migrations = [
  '001-original-tables',
  '002-logs',
  '003-views',
  '004-extras',
  '005-set-aside',
  '006-trigger-rows',
  '007-scheduled-events',
  '008-wal-queues',
];

/** Of the schema that this program installs. */
export const schemaVersion = migrations.length;

const lockInstall = loadSql('lock-install');
const findInstall = loadSql('find-install');
const createSchema = loadSql('create-schema');
const createRoles = loadSql('create-roles');
const missingRoles = loadSql('missing-roles');
const readVersion = loadSql('read-migrations');
const prepareQueues = loadSql('prepare-queues');
const renumberTxids = loadSql('renumber-txids');
const writeInsertEvent = 'select pgq._write_insert_event()';
const triggers = loadSql('schema/triggers');
const grants = loadSql('schema/grants');
const coopGrants = loadSql('schema/coop-grants');
const missingRights = loadSql('missing-rights');
const lockOriginal = loadSql('adopt/lock');
const leaveExtensions = loadSql('adopt/leave-extensions');
const setAside = loadSql('adopt/set-aside');
const takeOver = loadSql('adopt/take-over');
const dropOriginal = loadSql('adopt/drop-original');

const beforeSchema = z.enum(['nothing', 'ours', 'extension', 'unpackaged']);

export interface QueueInstall {
  /** What was in the database before; the last two are the original. */
  readonly before: z.output<typeof beforeSchema>;
  /** Roles of the original that are not there and could not be made: their grants are left out. */
  readonly missingRoles: readonly string[];
}

/**
 * Brings schemas `pgq`, `pgq_coop` and `pgq_ext` of this database to what this program needs, in one transaction of
 * its own: installs them, upgrades them, or takes over the original's with all that is in them. Several programs may
 * call it at the same time; producers and consumers wait for a moment and go on.
 *
 * @throws QUEUE_SCHEMA_NEWER  a newer Sluice has been here
 * @throws QUEUE_INSTALL_RIGHTS  this user may not
 * @throws QUEUE_INSTALL_BUSY  a transaction that uses the queues did not end in time
 * @throws QUEUE_ADOPT_DEPENDENTS  something of the database's own hangs on what would change
 */
export async function installQueue(tx: Tx): Promise<QueueInstall> {
  const installed = await inTransaction(tx, async () => {
    await tx.query(lockInstall);
    const before = await whatIsThere(tx);
    await requireRights(tx);
    const texts = before === 'ours' ? updateTexts(await appliedMigrations(tx)) : newTexts(before);
    await runTexts(tx, texts);
    await runTexts(tx, await trackingTexts(tx));
    return { before, missingRoles: await namesOf(tx, missingRoles) };
  });
  await dropWhatIsEmpty(tx);
  return installed;
}

/** What installs schema `pgq` in a database that has none, for `psql --single-transaction`. */
export function installScript(): string {
  return toScript([...newTexts('nothing'), ...newTrackingTexts()]);
}

function newTexts(before: QueueInstall['before']): string[] {
  const first = [waitNotLong, createSchema, createRoles];
  if (before === 'nothing') return [...first, ...migrationTexts(0), ...everyTimeTexts()];
  return [
    ...first,
    lockOriginal,
    ...(before === 'extension' ? [leaveExtensions] : []),
    setAside,
    recordMigration(0), // the original's tables are those of the first
    ...migrationTexts(1, 2),
    takeOver,
    ...migrationTexts(2),
    ...everyTimeTexts(),
  ];
}

function updateTexts(applied: number): string[] {
  return [waitNotLong, createSchema, createRoles, ...migrationTexts(applied), ...everyTimeTexts()];
}

function migrationTexts(from: number, to = migrations.length): string[] {
  return migrations
    .slice(from, to)
    .flatMap((name, index) => [loadSql(`schema/${name}`), recordMigration(from + index)]);
}

function recordMigration(index: number): string {
  return `insert into pgq.migration (version, name) values (${index + 1}, '${migrations[index]}')`;
}

function everyTimeTexts(): string[] {
  const trustBodies = 'set local check_function_bodies = off'; // they refer to one another
  return [
    trustBodies,
    ...loadFunctions('pgq'),
    ...loadFunctions('pgq_coop'),
    triggers,
    prepareQueues,
    renumberTxids,
    writeInsertEvent,
    grants,
    coopGrants,
  ];
}

/** Of ours; its owner may read it. */
export async function readSchemaVersion(tx: Tx): Promise<number> {
  const { rows } = await tx.query(readVersion);
  return Number(rows[0]!['version']);
}

async function requireRights(tx: Tx): Promise<void> {
  const { rows } = await tx.query(missingRights);
  const reason = rows[0]?.['reason'];
  if (typeof reason === 'string') throw new SluiceError('QUEUE_INSTALL_RIGHTS', { reason });
}

/** What was taken over; a transaction that is at work may keep it until the next install. */
async function dropWhatIsEmpty(tx: Tx): Promise<void> {
  await inTransaction(tx, () => runTexts(tx, ['set local lock_timeout = 200', dropOriginal])).catch(
    (error: unknown) => {
      if (!isSluiceError(error, 'QUEUE_INSTALL_BUSY')) throw error;
    },
  );
}

async function whatIsThere(tx: Tx): Promise<QueueInstall['before']> {
  const { rows } = await tx.query(findInstall);
  return beforeSchema.parse(rows[0]?.['found']);
}

async function appliedMigrations(tx: Tx): Promise<number> {
  const applied = await readSchemaVersion(tx);
  if (applied > schemaVersion) {
    throw new SluiceError('QUEUE_SCHEMA_NEWER', { found: applied, known: schemaVersion });
  }
  return applied;
}

async function namesOf(tx: Tx, sql: string): Promise<string[]> {
  const { rows } = await tx.query(sql);
  return rows.map((row) => String(row['name']));
}
