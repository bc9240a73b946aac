import { quoteIdentifier, quoteLiteral } from '../../../session/index.ts';
import { quoteTable } from '../../table-name.ts';
import type { ArchiverConfig } from './config.ts';
import type { TableFacts } from './table-facts.ts';

const partFormats = { day: 'YYYY_MM_DD', month: 'YYYY_MM', year: 'YYYY' } as const;

/** The statements of an archiver. Keys are a JSON array of objects with the columns of the primary key. */
export class ArchiveSql {
  readonly table: TableFacts;
  readonly #config: ArchiverConfig;
  readonly #source: string;

  constructor(config: ArchiverConfig, table: TableFacts) {
    this.table = table;
    this.#config = config;
    this.#source = quoteTable(config.table);
  }

  /** Locks a batch. @returns SQL for rows of `key` and `part` */
  lockRows(): string {
    const { where, partition_by: column, partition, batch_rows: limit } = this.#config;
    const format = partFormats[partition];
    const pairs = this.table.key.map(
      ({ name }) => `${quoteLiteral(name)}, ${quoteIdentifier(name)}`,
    );
    const part =
      column === undefined ? 'null' : `pg_catalog.to_char(${quoteIdentifier(column)}, '${format}')`;
    return (
      `select pg_catalog.jsonb_build_object(${pairs.join(', ')})::text as key, ${part} as part from ${this.#source} ` +
      `where (${where}\n) order by ${this.#keyList()} limit ${limit} for update skip locked`
    );
  }

  copyOut(keys: string): string {
    const list = this.table.columns.map((name) => `r.${quoteIdentifier(name)}`).join(', ');
    return `copy (select ${list} from ${this.#joined(this.#source, keys)}) to stdout`;
  }

  copyIn(table: string): string {
    const list = this.table.columns.map(quoteIdentifier).join(', ');
    return `copy ${quoteTable(table)} (${list}) from stdin`;
  }

  /** One row of `rows` and `hash`. */
  hashRows(table: string, keys: string): string {
    const list = this.table.columns.map((name) => `r.${quoteIdentifier(name)}`).join(', ');
    return (
      `select pg_catalog.count(*)::text as rows, pg_catalog.md5(pg_catalog.string_agg(h, '' order by h collate "C")) as hash ` +
      `from (select pg_catalog.md5(row(${list})::text) as h from ${this.#joined(quoteTable(table), keys)}) as hashed`
    );
  }

  deleteRows(keys: string): string {
    return this.deleteFrom(this.#config.table, keys);
  }

  deleteFrom(table: string, keys: string): string {
    return `delete from ${quoteTable(table)} as r using ${this.#keyRows(keys)} where ${this.#sameKey()}`;
  }

  /** Rows of `key`: those that the source has. */
  findRows(keys: string): string {
    const pairs = this.table.key.map(
      ({ name }) => `${quoteLiteral(name)}, r.${quoteIdentifier(name)}`,
    );
    return `select pg_catalog.jsonb_build_object(${pairs.join(', ')})::text as key from ${this.#joined(this.#source, keys)}`;
  }

  #joined(table: string, keys: string): string {
    return `${table} as r join ${this.#keyRows(keys)} on ${this.#sameKey()}`;
  }

  #keyRows(keys: string): string {
    const list = this.table.key.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
    return `pg_catalog.jsonb_to_recordset(${quoteLiteral(keys)}) as k (${list.join(', ')})`;
  }

  #sameKey(): string {
    return this.table.key
      .map(({ name }) => `r.${quoteIdentifier(name)} = k.${quoteIdentifier(name)}`)
      .join(' and ');
  }

  #keyList(): string {
    return this.table.key.map(({ name }) => quoteIdentifier(name)).join(', ');
  }
}
