import { qualifiedName, type TableName } from '../../catalog/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { quoteLiteral, Session, untilAborted, type ConnectionTarget } from '../../session/index.ts';
import type { Side } from './row-digest.ts';
import type { SnapshotPlace } from './snapshot-pool.ts';

export interface KeepOptions {
  /** Import this snapshot instead of taking one. */
  readonly snapshot?: string;
  /** Tables to lock in ACCESS SHARE MODE while the snapshot is kept. */
  readonly lock: readonly TableName[];
  readonly signal: AbortSignal;
}

/**
 * A snapshot kept alive by a transaction that does nothing else, and exported under a name that other
 * sessions of the database may import as long as it lasts.
 */
export class KeptSnapshot implements SnapshotPlace, AsyncDisposable {
  readonly target: ConnectionTarget;
  readonly snapshot: string;
  /** Inside the transaction: what is read here is read as of the snapshot. One statement at a time. */
  readonly session: Session;

  private constructor(target: ConnectionTarget, session: Session, snapshot: string) {
    this.target = target;
    this.session = session;
    this.snapshot = snapshot;
  }

  static async open(
    side: Side,
    target: ConnectionTarget,
    options: KeepOptions,
  ): Promise<KeptSnapshot> {
    const { signal } = options;
    const session = await Session.connect(target, { purpose: 'compare snapshot', side, signal });
    const name = await untilAborted(signal, [session], () => beginKept(session, options));
    return new KeptSnapshot(target, session, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
  }
}

async function beginKept(session: Session, { snapshot, lock }: KeepOptions): Promise<string> {
  const take = snapshot === undefined ? '' : `; SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`;
  await session.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY${take}`);
  const { rows } = await session.query('SELECT pg_catalog.pg_export_snapshot() AS name');
  // After the snapshot: a table truncated in between is found out when it is read.
  for (const table of lock) await lockTable(session, qualifiedName(table));
  const name = rows[0]?.['name'];
  if (typeof name === 'string') return name;
  throw new SluiceError('SESSION_COMMAND_RESULT', {
    command: 'pg_export_snapshot',
    expected: 'a name',
  });
}

async function lockTable(session: Session, name: string): Promise<void> {
  const { rows } = await session.query('SELECT pg_catalog.to_regclass($1)::text AS found', [name]);
  if (rows[0]?.['found'] === null) return;
  await session.query(`LOCK TABLE ONLY ${name} IN ACCESS SHARE MODE`);
}
