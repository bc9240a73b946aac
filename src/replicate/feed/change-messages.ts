import { qualifiedName, type Table, type TableName } from '../../catalog/index.ts';
import {
  encodeChange,
  splitKeyChange,
  valueTypeOf,
  type ChangedColumn,
  type RowChange,
  type RowImage,
  type SinkMessage,
} from '../../sink/index.ts';
import { formatLsn, type RelationColumn } from '../../wire/index.ts';
import { unchanged, type Row } from '../follow/row.ts';
import type { Change, FollowedTransaction } from '../follow/transaction.ts';
import type { TypeLinks } from './type-links.ts';

export interface ChangeMessagesOptions {
  readonly pipeline: string;
  /** The source's name. */
  readonly database: string;
  /** What the catalog said of the followed tables when following began. */
  readonly tables: readonly Table[];
  readonly types: TypeLinks;
  /** See `splitKeyChange`. */
  readonly splitsKeyChanges: boolean;
}

/** Turns the changes of transactions into messages: the same ones each time. */
export class ChangeMessages {
  readonly #options: ChangeMessagesOptions;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #columns = new WeakMap<RelationColumn, ChangedColumn>();

  constructor(options: ChangeMessagesOptions) {
    this.#options = options;
    this.#tables = new Map(options.tables.map((table) => [qualifiedName(table), table]));
  }

  /** As they are asked for: a transaction of any size takes no memory. One is held back, to know the last. */
  async *of(transaction: FollowedTransaction): AsyncGenerator<SinkMessage> {
    const { pipeline, database } = this.#options;
    const { xid, committedAt } = transaction;
    const commitLsn = formatLsn(transaction.commitLsn);
    const place = { pipeline, database, xid, commitLsn, committedAt };
    let sequence = 1;
    let held: RowChange | null = null;
    for await (const change of transaction.changes()) {
      for (const next of await this.#rowChanges(change)) {
        if (held) yield encodeChange(held, { ...place, sequence: sequence++, isLast: false });
        held = next;
      }
    }
    if (held) yield encodeChange(held, { ...place, sequence, isLast: true });
  }

  async #rowChanges(change: Change): Promise<RowChange[]> {
    const row = await this.#rowChange(change);
    return this.#options.splitsKeyChanges ? row.flatMap(splitKeyChange) : row;
  }

  async #rowChange(change: Change): Promise<RowChange[]> {
    switch (change.kind) {
      case 'insert':
        return [{ ...nameOf(change), op: 'insert', after: await this.#image(change, change.row) }];
      case 'update':
        return [
          {
            ...nameOf(change),
            op: 'update',
            after: await this.#image(change, change.row),
            before: change.before && (await this.#image(change, change.before)),
          },
        ];
      case 'delete':
        return [
          { ...nameOf(change), op: 'delete', before: await this.#image(change, change.before) },
        ];
      case 'truncate': {
        const { tables, cascade, restartIdentity } = change;
        return tables.map((table) => {
          return { ...nameOf({ table }), op: 'truncate', cascade, restartIdentity };
        });
      }
      default:
        return [];
    }
  }

  async #image({ table }: { table: TableName }, row: Row): Promise<RowImage> {
    const columns: ChangedColumn[] = [];
    for (const column of row.columns)
      columns.push(this.#columns.get(column) ?? (await this.#describe(column, table)));
    return { columns, texts: row.texts.map((text) => (text === unchanged ? undefined : text)) };
  }

  async #describe(column: RelationColumn, table: TableName): Promise<ChangedColumn> {
    const { types } = this.#options;
    await types.load(column.typeOid);
    const described = {
      name: column.name,
      type: valueTypeOf(column.typeOid, types.linkOf),
      isKey: this.#isKey(column, table),
    };
    this.#columns.set(column, described);
    return described;
  }

  /** With REPLICA IDENTITY FULL the stream calls every column a part of the key; a primary key is a better one. */
  #isKey({ name, isKey }: RelationColumn, table: TableName): boolean {
    const known = this.#tables.get(qualifiedName(table));
    return known?.replicaIdentity === 'f' ? known.primaryKey.includes(name) : isKey;
  }
}

function nameOf({ table }: { table: TableName }): { schema: string; table: string } {
  return { schema: table.schema, table: table.name };
}
