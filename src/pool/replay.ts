import type { MessageBuffer } from '../wire/index.ts';
import type { Mark } from './expectations.ts';
import type { Statement } from './statements.ts';

/** Requests up to this size are kept until they are answered; nearly all are a few hundred bytes. */
const keptBytes = 8 * 1024;

/** The prepared statement is there, and nothing of it has to be undone. */
class ReplayMark implements Mark {
  undo(): void {
    // The server never came to it.
  }
}

/**
 * The first requests of a transaction, kept so that they can be sent again.
 *
 * A statement that was prepared before a table changed may fail with "cached plan must not change result
 * type". When nothing of the transaction has been done yet, the statement is prepared anew and the rest of
 * the requests is sent once more; the client never knows.
 *
 *     Parse  Bind(statement) Describe Execute Sync
 *            ^ first, and what follows it is kept
 */
export class Replay {
  #bytes: Buffer | null = null;
  #length = 0;
  #isTooLong = false;
  #from = 0;
  #mark: ReplayMark | null = null;
  #statement: Statement | null = null;
  #hasActed = false;

  /** A transaction begins. */
  begin(): void {
    this.#length = 0;
    this.#isTooLong = false;
    this.#mark = null;
    this.#statement = null;
    this.#hasActed = false;
  }

  /** Something is requested whose effect or portal would be lost. */
  act(): void {
    this.#hasActed = true;
  }

  /**
   * A request that uses `statement` is about to be written.
   *
   * @param offset  bytes written and not recorded yet
   * @returns the mark of its expectation; null: it is not the first, or its failure is the client's to see
   */
  markUse(statement: Statement, offset: number): Mark | null {
    if (this.#hasActed || this.#mark !== null) return null;
    this.#from = this.#length + offset;
    this.#statement = statement;
    this.#mark = new ReplayMark();
    return this.#mark;
  }

  /** Keeps a copy of what is sent to the server. */
  record(out: MessageBuffer): void {
    if (this.#isTooLong) return;
    if (this.#length + out.byteLength > keptBytes) {
      this.#isTooLong = true;
      return;
    }
    this.#bytes ??= Buffer.allocUnsafeSlow(keptBytes);
    this.#length += out.copyTo(this.#bytes, this.#length);
  }

  /** What to send again after `mark`'s request has failed; null: it cannot be. */
  after(mark: Mark | null): { statement: Statement; requests: Buffer } | null {
    if (mark === null || mark !== this.#mark || this.#isTooLong) return null;
    if (this.#bytes === null || this.#statement === null) return null;
    const requests = Buffer.from(this.#bytes.subarray(this.#from, this.#length));
    return { statement: this.#statement, requests };
  }
}
