import type { Client } from 'pg';
import { SluiceError } from '../../errors/index.ts';
import { quoteIdentifier } from '../../session/index.ts';
import type { Log } from '../../service/index.ts';
import { quoteTable } from '../table-name.ts';
import { netChanges } from './net-changes.ts';
import type { RowEvent, RowValues } from './row-event.ts';
import { insertSql, runsOfColumns } from './row-sql.ts';

/**
 * How updates are done: as updates; as deletes and inserts; or, with the inserts, as deletes and inserts, so that rows that
 * are there already do not matter.
 */
export const bulkModes = ['correct', 'delete', 'merged'] as const;
export type BulkMode = (typeof bulkModes)[number];

/** Changes a table by few statements for many rows: they are loaded into a temporary table, and joined with it. */
export async function bulkLoad(
  tx: Client,
  table: string,
  events: readonly RowEvent[],
  mode: BulkMode,
  log: Log,
): Promise<void> {
  const key = events[0]?.key ?? [];
  const { inserted, updated, deleted } = netChanges(events);
  if (key.length === 0 && updated.length + deleted.length > 0) {
    throw new SluiceError('JOBS_NO_KEY', { table });
  }
  const load = new Load(tx, table, key, log);
  await load.joined('delete', deleted);
  if (mode === 'correct') {
    await load.joined('update', updated);
    await load.insert(inserted);
    return;
  }
  const isMerged = mode === 'merged' && key.length > 0;
  await load.joined('delete', isMerged ? [...updated, ...inserted] : updated, updated.length);
  await load.insert([...updated, ...inserted]);
}

class Load {
  readonly #tx: Client;
  readonly #table: string;
  readonly #key: readonly string[];
  readonly #log: Log;

  constructor(tx: Client, table: string, key: readonly string[], log: Log) {
    this.#tx = tx;
    this.#table = table;
    this.#key = key;
    this.#log = log;
  }

  async insert(rows: readonly RowValues[]): Promise<void> {
    for (const sql of insertSql(this.#table, rows)) await this.#tx.query(sql);
  }

  /** @param expected  how many rows of the table there should be */
  async joined(
    change: 'delete' | 'update',
    rows: readonly RowValues[],
    expected = rows.length,
  ): Promise<void> {
    let found = 0;
    for (const run of runsOfColumns(rows)) {
      await this.#fillTemporary(run);
      const { rowCount } = await this.#tx.query(this.#joinSql(change, Object.keys(run[0]!)));
      found += rowCount ?? 0;
    }
    if (found === expected) return;
    this.#log.warn('rows of a batch are not in the target as expected', {
      table: this.#table,
      change,
      expected,
      found,
    });
  }

  async #fillTemporary(rows: readonly RowValues[]): Promise<void> {
    await this.#tx.query(
      `create temporary table if not exists ${this.#temporaryName()} (like ${quoteTable(this.#table)}) on commit drop; ` +
        `truncate pg_temp.${this.#temporaryName()}`,
    );
    for (const sql of insertSql(`pg_temp.${this.#temporary()}`, rows)) await this.#tx.query(sql);
  }

  #joinSql(change: 'delete' | 'update', columns: readonly string[]): string {
    const names = columns.filter((name) => !this.#key.includes(name)).map(quoteIdentifier);
    const keys = this.#key.map(quoteIdentifier);
    const where = keys.map((name) => `r.${name} = n.${name}`).join(' and ');
    const table = quoteTable(this.#table);
    const from = `pg_temp.${this.#temporaryName()} as n where ${where}`;
    if (change === 'delete') return `delete from only ${table} as r using ${from}`;
    // A row of nothing but a key stays as it is, and counts.
    const sets = (names.length === 0 ? keys : names).map((name) => `${name} = n.${name}`);
    return `update only ${table} as r set ${sets.join(', ')} from ${from}`;
  }

  #temporary(): string {
    return `${this.#table.replaceAll('.', '_')}_loadertmp`.slice(-63);
  }

  #temporaryName(): string {
    return quoteIdentifier(this.#temporary());
  }
}
