import { SluiceError } from '../errors/index.ts';
import { parseLsn, type Lsn } from '../wire/index.ts';
import type { QueryResult } from './run-query.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';
import type { Session } from './session.ts';

export interface SlotOptions {
  readonly name: string;
  /** Dropped by the server when the session ends. */
  readonly temporary?: boolean | undefined;
  /**
   * What becomes of the snapshot that goes with the slot's first position: `export` makes it known to
   * other sessions until this one's next command; `use` takes it for the transaction this session is in.
   */
  readonly snapshot: 'export' | 'nothing' | 'use';
  /** Kept in step on standbys (17 and newer). */
  readonly failover?: boolean | undefined;
}

export interface CreatedSlot {
  /** Every transaction that commits after it comes by the slot; all others are in the snapshot. */
  readonly consistentPoint: Lsn;
  /** For SET TRANSACTION SNAPSHOT; null unless exported. */
  readonly snapshotName: string | null;
}

/** Creates a logical slot for pgoutput, on a replication session. @throws ServerError  42710: it exists */
export async function createSlot(session: Session, options: SlotOptions): Promise<CreatedSlot> {
  const result = await session.query(createSlotSql(options));
  const row = onlyRow(result, 'CREATE_REPLICATION_SLOT');
  return {
    consistentPoint: parseLsn(cell(row, 'consistent_point')),
    snapshotName: row['snapshot_name'] || null,
  };
}

/** `CREATE_REPLICATION_SLOT "s" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export')` */
function createSlotSql({ name, temporary, snapshot, failover }: SlotOptions): string {
  const kind = temporary === true ? ' TEMPORARY' : '';
  const options = [`SNAPSHOT ${quoteLiteral(snapshot)}`];
  if (failover === true) options.push('FAILOVER');
  return `CREATE_REPLICATION_SLOT ${quoteIdentifier(name)}${kind} LOGICAL pgoutput (${options.join(', ')})`;
}

/**
 * Drops a slot, on any session.
 *
 * @throws ServerError  42704: there is none; 55006: it is in use (a replication session waits instead
 *   when `wait` is set)
 */
export async function dropSlot(
  session: Session,
  name: string,
  options: { wait?: boolean } = {},
): Promise<void> {
  if (session.isReplication) {
    const wait = options.wait === true ? ' WAIT' : '';
    await session.query(`DROP_REPLICATION_SLOT ${quoteIdentifier(name)}${wait}`);
  } else {
    await session.query('SELECT pg_catalog.pg_drop_replication_slot($1)', [name]);
  }
}

export interface SystemIdentity {
  /** The same for a server and its standbys, different for every other. */
  readonly systemId: string;
  readonly timeline: number;
  /** How far the server's WAL is safe. */
  readonly walFlush: Lsn;
  readonly database: string | null;
}

/** Who the server is, on a replication session. */
export async function identifySystem(session: Session): Promise<SystemIdentity> {
  const row = onlyRow(await session.query('IDENTIFY_SYSTEM'), 'IDENTIFY_SYSTEM');
  return {
    systemId: cell(row, 'systemid'),
    timeline: Number(cell(row, 'timeline')),
    walFlush: parseLsn(cell(row, 'xlogpos')),
    database: row['dbname'] ?? null,
  };
}

type Row = QueryResult['rows'][number];

function onlyRow({ rows }: QueryResult, command: string): Row {
  const [row] = rows;
  if (row !== undefined && rows.length === 1) return row;
  throw new SluiceError('SESSION_COMMAND_RESULT', { command, expected: 'one row' });
}

function cell(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new SluiceError('SESSION_COMMAND_RESULT', {
    command: 'the command',
    expected: `a value in ${column}`,
  });
}
