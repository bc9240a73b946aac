import { qualifiedName, type TableName } from '../../catalog/index.ts';
import { journalDrop, readJournal, type DroppedObject, type Tx } from '../../ledger/index.ts';
import type { Definition } from './definitions.ts';

/**
 * What the ledger's journal holds of a pipeline, by table of the target: read once, and kept in step with
 * what is committed after that.
 */
export class Journal {
  readonly #pipeline: string;
  #entries = new Map<string, DroppedObject[]>();

  constructor(pipeline: string) {
    this.#pipeline = pipeline;
  }

  async load(tx: Tx): Promise<void> {
    const entries = await readJournal(tx, this.#pipeline);
    this.#entries = Map.groupBy(entries, ({ table }) => qualifiedName(table));
  }

  /** After a commit of unknown outcome, when nobody else is at work on the table. */
  async reload(tx: Tx, table: TableName): Promise<void> {
    const key = qualifiedName(table);
    const entries = await readJournal(tx, this.#pipeline);
    this.#entries.set(
      key,
      entries.filter((entry) => qualifiedName(entry.table) === key),
    );
  }

  /** Asks the ledger whether an entry is still to be restored. */
  async isOpen(tx: Tx, { table, ordinal }: DroppedObject): Promise<boolean> {
    const entries = await readJournal(tx, this.#pipeline);
    return entries.some(
      (entry) => entry.ordinal === ordinal && qualifiedName(entry.table) === qualifiedName(table),
    );
  }

  /** What is to be restored, in order. */
  entriesOf(table: TableName): readonly DroppedObject[] {
    return this.#entries.get(qualifiedName(table)) ?? [];
  }

  all(): DroppedObject[] {
    return [...this.#entries.values()].flat();
  }

  /** Writes definitions in the caller's transaction; `add` what it returns once that is committed. */
  async write(
    tx: Tx,
    table: TableName,
    definitions: readonly Definition[],
  ): Promise<DroppedObject[]> {
    const last = Math.max(0, ...this.entriesOf(table).map(({ ordinal }) => ordinal));
    const entries = definitions.map(({ kind, name, sql }, i) => ({
      table: { schema: table.schema, name: table.name },
      ordinal: last + 1 + i,
      kind,
      name,
      definition: sql,
    }));
    for (const entry of entries) await journalDrop(tx, this.#pipeline, entry);
    return entries;
  }

  add(entries: readonly DroppedObject[]): void {
    for (const entry of entries) {
      const key = qualifiedName(entry.table);
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, [entry]);
      else known.push(entry);
    }
  }

  remove(entry: DroppedObject): void {
    const key = qualifiedName(entry.table);
    const left = this.entriesOf(entry.table).filter(({ ordinal }) => ordinal !== entry.ordinal);
    if (left.length === 0) this.#entries.delete(key);
    else this.#entries.set(key, left);
  }
}
