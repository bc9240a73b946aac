import { SluiceError } from '../../errors/index.ts';
import type { ChangeBlock } from '../../stream/index.ts';
import {
  PgoutputTag,
  readBegin,
  readCommit,
  readLogicalMessage,
  type Lsn,
} from '../../wire/index.ts';

/** Who takes what a slot brings, in its order. */
export interface WalTaker {
  /** A transactional message of ours. `content` is borrowed. */
  message(content: Buffer, commitTimeUs: bigint): Promise<void> | void;
  /** A transaction is whole; all before `endLsn` was given. */
  commit(endLsn: Lsn): void;
  /** There is nothing more for us before `lsn`. */
  quiet(lsn: Lsn): void;
}

/** Gives a queue's messages out of blocks to a taker, transaction by transaction. */
export class WalTransactions {
  readonly #prefix: string;
  readonly #slot: string;
  #commitTimeUs: bigint | null = null;

  constructor(prefix: string, slot: string) {
    this.#prefix = prefix;
    this.#slot = slot;
  }

  /** Nothing of a transaction is out that has not ended yet. */
  get isBetween(): boolean {
    return this.#commitTimeUs === null;
  }

  async take(
    { bytes, starts, ends, count, keepaliveEnd }: ChangeBlock,
    to: WalTaker,
  ): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const start = starts[i]!;
      const end = ends[i]!;
      switch (bytes[start]) {
        case PgoutputTag.begin:
          this.#commitTimeUs = readBegin(bytes, start, end).commitTimeUs;
          break;
        case PgoutputTag.commit:
          this.#commitTimeUs = null;
          to.commit(readCommit(bytes, start, end).endLsn);
          break;
        case PgoutputTag.logicalMessage: {
          const { isTransactional, prefix, content } = readLogicalMessage(bytes, start, end, false);
          if (!isTransactional || prefix !== this.#prefix || this.#commitTimeUs === null) break;
          const taken = to.message(content, this.#commitTimeUs);
          if (taken) await taken;
          break;
        }
        case PgoutputTag.origin:
        case PgoutputTag.relation:
        case PgoutputTag.type:
          break;
        default:
          throw this.#unexpected(bytes[start]!);
      }
    }
    if (keepaliveEnd !== null && this.isBetween) to.quiet(keepaliveEnd);
  }

  #unexpected(tag: number): SluiceError {
    return new SluiceError('STREAM_ORDER', {
      slot: this.#slot,
      found: `message ${String.fromCharCode(tag)}`,
      expected: 'Begin, Commit or a logical message',
    });
  }
}
