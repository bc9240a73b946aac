import { SluiceError } from '../../errors/index.ts';
import type { ChangeBlock } from '../../stream/index.ts';
import {
  PgoutputTag,
  readBegin,
  readCommit,
  readLogicalMessage,
  readRelation,
  readRowChange,
  readTruncate,
  RowChange,
  TupleTag,
  type Lsn,
  type Relation,
} from '../../wire/index.ts';
import { Row } from './row.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** One change of a transaction, in the order in which the source made them. */
export type Change =
  | { readonly kind: 'insert'; readonly table: TableName; readonly row: Row }
  | {
      readonly kind: 'update';
      readonly table: TableName;
      readonly row: Row;
      /** The key before, when it changed; the whole row before, with REPLICA IDENTITY FULL. */
      readonly before: Row | null;
    }
  | {
      readonly kind: 'delete';
      readonly table: TableName;
      /** The key; the whole row, with REPLICA IDENTITY FULL. */
      readonly before: Row;
    }
  | {
      readonly kind: 'truncate';
      readonly tables: readonly TableName[];
      readonly cascade: boolean;
      readonly restartIdentity: boolean;
    }
  | {
      /** `pg_logical_emit_message(true, prefix, content)`. */
      readonly kind: 'message';
      readonly prefix: string;
      readonly content: Buffer;
    };

/** A committed transaction of the source. */
export interface FollowedTransaction {
  readonly xid: number;
  /** LSN of its commit record. */
  readonly commitLsn: Lsn;
  readonly committedAt: Date;
  /**
   * The changes, read as they are asked for: a transaction of any size takes no memory. Read them once,
   * before the next transaction; those not read are skipped. When following is aborted in the middle of them,
   * this throws the signal's reason: an end would look like the whole transaction.
   */
  changes(): AsyncGenerator<Change>;
}

/** Cuts blocks into transactions. */
export class TransactionReader {
  readonly #next: () => Promise<ChangeBlock | null>;
  readonly #signal: AbortSignal;
  readonly #relations = new Map<number, Relation>();
  readonly #change = new RowChange();
  #block: ChangeBlock | null = null;
  #i = 0;
  /** The position behind the transaction read last, once its Commit was seen. */
  #endLsn: Lsn | null = null;
  #isOpen = false;
  quietUntil: Lsn | null = null;

  /** @param signal aborts together with the end of `next` */
  constructor(next: () => Promise<ChangeBlock | null>, signal: AbortSignal) {
    this.#next = next;
    this.#signal = signal;
  }

  /** The next transaction, null when the stream has ended, `quiet` when only time has passed. */
  async next(): Promise<FollowedTransaction | 'quiet' | null> {
    await this.finish();
    for (;;) {
      const at = await this.#message();
      if (at === null || at === 'quiet') return at;
      const { bytes, start, end } = at;
      switch (bytes[start]) {
        case PgoutputTag.begin: {
          const begin = readBegin(bytes, start, end);
          this.#isOpen = true;
          return {
            xid: begin.xid,
            commitLsn: begin.finalLsn,
            committedAt: new Date(Number(begin.commitTimeUs / 1000n)),
            changes: () => this.#changes(),
          };
        }
        case PgoutputTag.relation:
          this.#describe(bytes, start, end);
          break;
        case PgoutputTag.logicalMessage: // outside any transaction: nothing that could be followed
        case PgoutputTag.type:
        case PgoutputTag.origin:
          break;
        default:
          throw unexpected(bytes[start]!, 'Begin');
      }
    }
  }

  /** Reads on to the end of the transaction and gives the position behind it. Throws when that was aborted. */
  async finish(): Promise<Lsn | null> {
    if (this.#isOpen) for await (const change of this.#changes()) void change;
    return this.#endLsn;
  }

  async *#changes(): AsyncGenerator<Change> {
    while (this.#isOpen) {
      const at = await this.#message();
      if (at === 'quiet') continue;
      if (at === null) {
        this.#signal.throwIfAborted();
        throw unexpected(0, 'Commit');
      }
      const change = this.#decode(at.bytes, at.start, at.end);
      if (change) yield change;
    }
  }

  #decode(bytes: Buffer, start: number, end: number): Change | null {
    const tag = bytes[start]!;
    switch (tag) {
      case PgoutputTag.insert:
      case PgoutputTag.update:
      case PgoutputTag.delete:
        return this.#rowChange(bytes, start, end);
      case PgoutputTag.truncate: {
        const truncate = readTruncate(bytes, start, end, false);
        const tables = truncate.relationOids.map((oid) => tableOf(this.#relation(oid)));
        const { cascade, restartIdentity } = truncate;
        return { kind: 'truncate', tables, cascade, restartIdentity };
      }
      case PgoutputTag.logicalMessage: {
        const { prefix, content } = readLogicalMessage(bytes, start, end, false);
        return { kind: 'message', prefix, content: Buffer.from(content) };
      }
      case PgoutputTag.relation:
        this.#describe(bytes, start, end);
        return null;
      case PgoutputTag.commit:
        this.#endLsn = readCommit(bytes, start, end).endLsn;
        this.#isOpen = false;
        return null;
      case PgoutputTag.type:
      case PgoutputTag.origin:
        return null;
      default:
        throw unexpected(tag, 'a change');
    }
  }

  #rowChange(bytes: Buffer, start: number, end: number): Change {
    const change = this.#change;
    readRowChange(bytes, start, end, false, change);
    const relation = this.#relation(change.relationOid);
    const table = tableOf(relation);
    const { oldKind } = change;
    const isKey = oldKind === TupleTag.key;
    const before = oldKind === 0 ? null : Row.read(relation, bytes, change.old, isKey);
    if (change.tag === PgoutputTag.delete) return { kind: 'delete', table, before: before! };
    const row = Row.read(relation, bytes, change.new, false);
    if (change.tag === PgoutputTag.insert) return { kind: 'insert', table, row };
    return { kind: 'update', table, row, before };
  }

  #describe(bytes: Buffer, start: number, end: number): void {
    const relation = readRelation(bytes, start, end, false);
    this.#relations.set(relation.oid, relation);
  }

  #relation(oid: number): Relation {
    const relation = this.#relations.get(oid);
    if (!relation) throw new SluiceError('STREAM_UNKNOWN_RELATION', { oid });
    return relation;
  }

  async #message(): Promise<{ bytes: Buffer; start: number; end: number } | 'quiet' | null> {
    while (!this.#block || this.#i === this.#block.count) {
      const quiet = this.#block?.keepaliveEnd ?? null;
      this.#block = null;
      if (quiet !== null && !this.#isOpen) {
        this.quietUntil = quiet;
        return 'quiet';
      }
      const block = await this.#next();
      if (!block) return null;
      this.#block = block;
      this.#i = 0;
    }
    const i = this.#i++;
    return { bytes: this.#block.bytes, start: this.#block.starts[i]!, end: this.#block.ends[i]! };
  }
}

function tableOf(relation: Relation): TableName {
  return { schema: relation.schema, name: relation.name };
}

function unexpected(tag: number, expected: string): SluiceError {
  const found = tag === 0 ? 'the end of the stream' : `message ${String.fromCharCode(tag)}`;
  return new SluiceError('STREAM_ORDER', { slot: '', found, expected });
}
