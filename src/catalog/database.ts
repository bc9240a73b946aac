import { loadSql, readFacts, type Queryable } from './sql.ts';

/** A database and what its server allows, as the connected role sees it. */
export interface Database {
  /** As `server_version_num`: 170010. */
  readonly version: number;
  readonly major: number;
  readonly name: string;
  readonly oid: number;
  /** Equal for a server and its physical copies: compare `startedAtUs` too. */
  readonly systemId: string;
  readonly startedAtUs: number;
  readonly encoding: string;
  readonly collation: string;
  readonly ctype: string;
  /** c: libc, i: ICU, b: built in (17 and newer). */
  readonly collationProvider: string;
  readonly locale: string | null;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
  readonly walLevel: string;
  readonly maxReplicationSlots: number;
  readonly usedReplicationSlots: number;
  readonly maxWalSenders: number;
  readonly usedWalSenders: number;
  readonly maxConnections: number;
  readonly reservedConnections: number;
  /** -1: no limit. */
  readonly maxSlotWalKeepMb: number;
  /** 0: never; null: the server (before 18) has no such setting. */
  readonly idleSlotTimeoutS: number | null;
  readonly port: number;
  readonly isLocalSocket: boolean;
  /** Shown to pg_read_all_settings only. */
  readonly dataDirectory: string | null;
  readonly databaseBytes: number | null;
  readonly blockSize: number;
}

/** Somebody's transaction that has written and is still open. */
export interface OpenTransaction {
  /** Null for a prepared transaction. */
  readonly pid: number | null;
  /** The name of a prepared transaction, else null. */
  readonly gid: string | null;
  readonly database: string | null;
  readonly owner: string | null;
  readonly application: string | null;
  /** Null when the role may not see it. */
  readonly ageS: number | null;
}

/** An object that a movement of tables does not carry. */
export interface UncoveredObject {
  readonly kind: 'materialized view' | 'foreign table' | 'unlogged table' | 'extension table';
  readonly schema: string;
  readonly name: string;
}

const readVersionSql = loadSql('read-version');
const readDatabaseSql = loadSql('read-database');
const readOpenTransactionsSql = loadSql('read-open-transactions');
const readUncoveredSql = loadSql('read-uncovered');
const countLargeObjectsSql = loadSql('count-large-objects');

/** The server's major version. Works on every PostgreSQL; the other statements here need 15. */
export async function readMajor(db: Queryable): Promise<number> {
  const { rows } = await db.query(readVersionSql);
  return Math.trunc(Number(rows[0]?.['version']) / 10_000);
}

export async function readDatabase(db: Queryable): Promise<Database> {
  const [facts] = await readFacts<Omit<Database, 'major'>>(db, readDatabaseSql);
  if (facts === undefined) throw new TypeError('the current database is not in pg_database');
  return { ...facts, major: Math.trunc(facts.version / 10_000) };
}

/** Oldest first, of all databases of the server; the caller's own is left out. */
export async function readOpenTransactions(db: Queryable): Promise<OpenTransaction[]> {
  return await readFacts(db, readOpenTransactionsSql);
}

export async function readUncovered(db: Queryable): Promise<UncoveredObject[]> {
  return await readFacts(db, readUncoveredSql);
}

export async function countLargeObjects(db: Queryable): Promise<number> {
  const { rows } = await db.query(countLargeObjectsSql);
  return Number(rows[0]?.['count']);
}
