import type { Client } from 'pg';
import { isSluiceError } from '../../../src/errors/index.ts';
import {
  advance,
  claimPipeline,
  migrate,
  readPipeline,
  setFirstPosition,
  setTableState,
  type Owner,
} from '../../../src/ledger/index.ts';
import {
  parseLsn,
  PgoutputTag,
  readCommit,
  readRowChange,
  RowChange,
  type Lsn,
  type TupleCells,
} from '../../../src/wire/index.ts';
import { waitFor, type TestDatabase } from '../../kit/index.ts';

/** Both sides of a pipeline whose tables are `t`, with the same rows. */
export const fakeTables = `
  CREATE TABLE t (id int PRIMARY KEY, v int);
  INSERT INTO t SELECT i, i FROM generate_series(1, 2000) i;
  CREATE PUBLICATION fake FOR TABLE t`;

/** Records the pipeline `fake` in the target's ledger, at a slot's position. Nothing may be written meanwhile. */
export async function startFake(source: TestDatabase, target: TestDatabase): Promise<FakeApplier> {
  const slot = `fake_${source.name}`;
  const at = await source.value<string>(
    `SELECT lsn::text FROM pg_create_logical_replication_slot('${slot}', 'pgoutput')`,
  );
  await migrate(target);
  const owner = await claimPipeline(target, {
    name: 'fake',
    sourceSystemId: '1',
    sourceDatabase: source.name,
    slot,
    publication: 'fake',
  });
  await setFirstPosition(target, owner, parseLsn(at));
  const table = { schema: 'public', name: 't' };
  await setTableState(target, 'fake', table, 'ready', { snapshotLsn: parseLsn(at) });
  return new FakeApplier(await source.client(), await target.client(), slot, owner, parseLsn(at));
}

/**
 * Applies the changes of `t` one transaction after the other, row by row, and keeps what a comparison asks of
 * every applier: no position beyond the hold, and the very position of the hold when nothing more comes
 * before it.
 */
export class FakeApplier {
  readonly slot: string;
  position: Lsn;
  /** How many it has applied. */
  transactions = 0;
  readonly #source: Client;
  readonly #target: Client;
  readonly #owner: Owner;

  constructor(source: Client, target: Client, slot: string, owner: Owner, position: Lsn) {
    this.#source = source;
    this.#target = target;
    this.#owner = owner;
    this.slot = slot;
    this.position = position;
  }

  async runUntil(isDone: () => boolean): Promise<void> {
    await waitFor(
      'the applier to be told to end',
      async () => {
        await this.step();
        return isDone();
      },
      { everyMs: 1, timeoutMs: 60_000 },
    );
  }

  /** Applies what is there now, as far as it may. */
  async step(): Promise<void> {
    const end = await this.#source.query<{ lsn: string }>(
      'SELECT pg_current_wal_flush_lsn()::text AS lsn',
    );
    const { rows } = await this.#source.query<{ data: Buffer }>(
      `SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, 500,
         'proto_version', '1', 'publication_names', 'fake')`,
      [this.slot],
    );
    const messages = rows.map((row) => row.data);
    if (messages.length === 0) await this.#moveTo(parseLsn(end.rows[0]?.lsn ?? ''), []);
    else await this.#applyAll(messages);
    await this.#source.query('SELECT pg_replication_slot_advance($1, $2)', [
      this.slot,
      await this.#target
        .query<{ lsn: string }>('SELECT position::text AS lsn FROM sluice.pipeline')
        .then((result) => result.rows[0]?.lsn),
    ]);
  }

  async #applyAll(messages: readonly Buffer[]): Promise<void> {
    let changes: string[] = [];
    for (const message of messages) {
      const tag = message[0];
      if (tag === PgoutputTag.commit) {
        const { endLsn } = readCommit(message, 0, message.length);
        if (!(await this.#moveTo(endLsn, changes))) return;
        this.transactions++;
        changes = [];
      } else if (
        tag === PgoutputTag.insert ||
        tag === PgoutputTag.update ||
        tag === PgoutputTag.delete
      ) {
        changes.push(changeSql(message));
      }
    }
  }

  /** False when a hold is in the way: then the position is the hold's. */
  async #moveTo(next: Lsn, changes: readonly string[]): Promise<boolean> {
    if (next <= this.position) return true;
    if (await this.#commit(next, changes)) return true;
    const hold = (await readPipeline(this.#target, 'fake'))?.holdLsn ?? this.position;
    if (hold > this.position && hold < next) await this.#commit(hold, []);
    return false;
  }

  async #commit(next: Lsn, changes: readonly string[]): Promise<boolean> {
    await this.#target.query('BEGIN');
    try {
      for (const change of changes) await this.#target.query(change);
      await advance(this.#target, this.#owner, this.position, next);
      await this.#target.query('COMMIT');
    } catch (error) {
      await this.#target.query('ROLLBACK');
      if (isSluiceError(error, 'LEDGER_HELD')) return false;
      throw error;
    }
    this.position = next;
    return true;
  }
}

function changeSql(message: Buffer): string {
  const change = new RowChange();
  readRowChange(message, 0, message.length, false, change);
  const [id, v] = [cell(message, change.new, 0), cell(message, change.new, 1)];
  switch (change.tag) {
    case PgoutputTag.insert:
      return `INSERT INTO t VALUES (${id}, ${v})`;
    case PgoutputTag.update:
      return `UPDATE t SET v = ${v} WHERE id = ${id}`;
    default:
      return `DELETE FROM t WHERE id = ${cell(message, change.old, 0)}`;
  }
}

function cell(message: Buffer, cells: TupleCells, column: number): string {
  return message.toString('utf8', cells.start[column], cells.end[column]);
}

/** Transactions of a few changes each, of which none leaves the sum of all values as it was in between. */
export async function writeUntil(
  client: Client,
  applier: FakeApplier,
  isDone: () => boolean,
): Promise<number> {
  let next = 10_000;
  let count = 0;
  while (!isDone()) {
    // Faster than row by row is no art: a comparison would wait for the backlog, not for the position.
    const isAhead = (): boolean => count - applier.transactions > 50;
    await waitFor('apply to keep up', () => isDone() || !isAhead(), { everyMs: 1 });
    const [a, b] = [2 + ((count * 7) % 1000), 1002 + ((count * 13) % 900)];
    await client.query('BEGIN');
    await client.query('UPDATE t SET v = v - 1 WHERE id = $1', [a]);
    await client.query('UPDATE t SET v = v + 1 WHERE id = $1', [b]);
    await client.query('INSERT INTO t VALUES ($1, 0)', [next]);
    if (count % 3 > 0) await client.query('DELETE FROM t WHERE id = $1', [next - 1]);
    await client.query('COMMIT');
    next += 1;
    count += 1;
  }
  return count;
}
