import { advance, type Owner } from '../../ledger/index.ts';
import { failpoint } from '../../service/index.ts';
import type { CopyIn, Session } from '../../session/index.ts';
import { MessageWriter, type Lsn } from '../../wire/index.ts';
import type { EventFields } from './decode-message.ts';

const openTable = 'SELECT pgq.quote_fqname(pgq.current_event_table($1)) AS name';
const buryMessage = 'SELECT pgq.bury_message($1, $2, $3, $4, $5)';

/** Rows that are sent at a time. */
const runLength = 64 * 1024;
/** A target's transaction ends at the next end of a source's one behind this; never before. */
const transactionLength = 8 * 1024 ** 2;

interface Dead {
  readonly time: string;
  readonly reason: string;
  readonly content: string;
}

export interface TargetQueueOptions {
  /** Does nothing else meanwhile; its commits are flushed. */
  readonly session: Session;
  readonly owner: Owner;
  /** Where the events go. */
  readonly queue: string;
  /** Where they come from. */
  readonly from: string;
}

/** Appends events to a queue, whole transactions of the source at a time, each with the position behind it. */
export class TargetQueue {
  readonly #options: TargetQueueOptions;
  #position: Lsn;
  #copy: CopyIn | null = null;
  #run = '';
  #length = 0;
  #events = 0;
  #dead: Dead[] = [];

  constructor(options: TargetQueueOptions, position: Lsn) {
    this.#options = options;
    this.#position = position;
  }

  /** What is committed here reaches to this. */
  get position(): Lsn {
    return this.#position;
  }

  get isEmpty(): boolean {
    return this.#events === 0 && this.#dead.length === 0;
  }

  /** Enough for one transaction. */
  get isFull(): boolean {
    return this.#length >= transactionLength;
  }

  append(fields: EventFields, time: string): Promise<void> | undefined {
    let row = time;
    for (const field of fields) row += field === null ? '\t\\N' : `\t${escape(field)}`;
    this.#run += `${row}\n`;
    this.#events += 1;
    return this.#run.length < runLength ? undefined : this.#send();
  }

  /** Keeps what is no event, with the reason. */
  bury(dead: Dead): void {
    this.#dead.push(dead);
    this.#length += dead.content.length;
  }

  /**
   * Commits what was appended, and that all of the source before `position` is here.
   *
   * @returns how many events there were
   */
  async commit(position: Lsn): Promise<number> {
    const { session, owner, queue, from } = this.#options;
    await this.#send();
    if (this.#copy === null) await session.query('BEGIN');
    else await this.#copy.end();
    for (const { time, reason, content } of this.#dead) {
      await session.query(buryMessage, [queue, from, time, reason, content]);
    }
    await advance(session, owner, this.#position, position);
    await failpoint('wal.before-commit');
    await session.query('COMMIT');
    await failpoint('wal.after-commit');
    const events = this.#events;
    this.#position = position;
    this.#copy = null;
    this.#dead = [];
    this.#events = this.#length = 0;
    return events;
  }

  async #send(): Promise<void> {
    if (this.#run === '') return;
    const run = new MessageWriter().copyData(Buffer.from(this.#run)).take();
    this.#run = '';
    this.#length += run.length;
    this.#copy ??= await this.#begin();
    await this.#copy.write(run);
  }

  /** Its transaction has an id before the table is chosen, as every producer's: rotation goes by that. */
  async #begin(): Promise<CopyIn> {
    const { session, queue } = this.#options;
    await session.query('BEGIN');
    const { rows } = await session.query(openTable, [queue]);
    await failpoint('wal.before-copy');
    return session.copyIn(
      `COPY ${rows[0]!['name']} (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4) FROM STDIN`,
    );
  }
}

const special = /[\\\n\r\t]/g;
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escape(field: string): string {
  return field.replace(special, (character) => escapes[character]!);
}
