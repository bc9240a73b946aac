import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import { inTransaction, type Tx } from '../../ledger/index.ts';
import { loadFunctions, loadSql } from '../sql.ts';

/** In the order of their versions, 1 upward. Released ones never change: add a file and a line. */
const migrations = ['001-original-tables', '002-logs', '003-views', '004-extras', '005-set-aside'];

const lockInstall = loadSql('lock-install');
const findInstall = loadSql('find-install');
const createSchema = loadSql('create-schema');
const createRoles = loadSql('create-roles');
const missingRoles = loadSql('missing-roles');
const readVersion = loadSql('read-migrations');
const prepareQueues = loadSql('prepare-queues');
const writeInsertEvent = 'select pgq._write_insert_event()';
const triggers = loadSql('schema/triggers');
const grants = loadSql('schema/grants');

const beforeSchema = z.enum(['nothing', 'ours', 'extension', 'unpackaged']);

export interface QueueInstall {
  /** What was in the database before; the last two are the original. */
  readonly before: z.output<typeof beforeSchema>;
  /** Roles of the original that are not there and could not be made: their grants are left out. */
  readonly missingRoles: readonly string[];
}

/**
 * Brings schema `pgq` of this database to what this program needs, in one transaction of its own: installs it,
 * upgrades it, or takes over the original's. Several programs may call it at the same time.
 *
 * @throws QUEUE_SCHEMA_NEWER  a newer Sluice has been here
 */
export async function installQueue(tx: Tx): Promise<QueueInstall> {
  return inTransaction(tx, async () => {
    await tx.query(lockInstall);
    const before = await whatIsThere(tx);
    const applied = before === 'ours' ? await appliedMigrations(tx) : 0;
    for (const text of installTexts(applied)) await tx.query(text);
    return { before, missingRoles: await namesOf(tx, missingRoles) };
  });
}

/** What installs schema `pgq` in a database that has none, for `psql --single-transaction`. */
export function installScript(): string {
  return installTexts(0).map(endStatement).join('\n');
}

function installTexts(applied: number): string[] {
  return [
    'set local check_function_bodies = off', // they refer to one another, and to tables
    createSchema,
    createRoles,
    ...migrations
      .slice(applied)
      .flatMap((name, index) => [
        loadSql(`schema/${name}`),
        `insert into pgq.migration (version, name) values (${applied + index + 1}, '${name}')`,
      ]),
    ...loadFunctions(),
    triggers,
    prepareQueues,
    writeInsertEvent,
    grants,
  ];
}

function endStatement(text: string): string {
  return /;\s*$/.test(text) ? text : `${text.trimEnd()};\n`;
}

async function whatIsThere(tx: Tx): Promise<QueueInstall['before']> {
  const { rows } = await tx.query(findInstall);
  return beforeSchema.parse(rows[0]?.['found']);
}

async function appliedMigrations(tx: Tx): Promise<number> {
  const { rows } = await tx.query(readVersion);
  const applied = Number(rows[0]!['version']);
  if (applied > migrations.length) {
    throw new SluiceError('QUEUE_SCHEMA_NEWER', { found: applied, known: migrations.length });
  }
  return applied;
}

async function namesOf(tx: Tx, sql: string): Promise<string[]> {
  const { rows } = await tx.query(sql);
  return rows.map((row) => String(row['name']));
}
