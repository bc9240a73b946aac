import { SluiceError } from '../errors/index.ts';
import { sqlstateOf } from '../service/index.ts';
import { quoteLiteral, type Session } from '../session/index.ts';
import { formatLsn, parseLsn, type Lsn } from '../wire/index.ts';
import { BlockPipe } from './block-pipe.ts';
import type { ChangeBlock } from './block.ts';
import { CopiedMessages } from './copied-messages.ts';
import { loadSql } from './sql.ts';

const lookSql = loadSql('look-at-backlog');
const copySlotSql = loadSql('copy-slot');
const advanceSlotSql = loadSql('advance-slot');

const undefinedObject = '42704';

/** Some whole transactions, decoded by the server and on their way. */
export interface Piece {
  /** Resolves when the server has decoded all of it, be it to nothing; or has failed to. */
  readonly decoded: Promise<void>;
  /** Throws what the server answered. Iterate once. */
  readonly blocks: AsyncIterable<ChangeBlock>;
}

/** What to read: the slot's changes up to a position, or a number of them. Both end with a whole transaction. */
export interface PieceLimits {
  readonly to: Lsn;
  readonly changes: number;
}

export interface SlotLook {
  readonly sourceEnd: Lsn;
  /** Where the slot stands; null when there is no such slot. */
  readonly position: Lsn | null;
  /** Where decoding begins for that. */
  readonly restart: Lsn | null;
  /** Nobody but one who streams it must move the slot: it is used, or must be used, or waits for a standby. */
  readonly mustStream: boolean;
}

/** One session on the source and its temporary slot. */
export class BacklogLane {
  readonly slot: string;
  readonly #session: Session;
  readonly #options: string;
  #pipe: BlockPipe | null = null;

  /** @param reads the slot that the backlog is of */
  constructor(session: Session, reads: string, pluginOptions: Readonly<Record<string, string>>) {
    this.#session = session;
    // One of its own for each session: a backend that has lost its client keeps its slot for a while.
    this.slot = `${reads}_r${session.backendPid.toString(36)}`;
    this.#options = Object.entries(pluginOptions).flat().map(quoteLiteral).join(', ');
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  get isBusy(): boolean {
    return this.#session.isBusy;
  }

  /** The lane's slot stands where `slot` does. */
  async takeOver(slot: string): Promise<void> {
    await this.#session.query(copySlotSql, [slot, this.slot]);
  }

  /**
   * The lane's slot stands where another lane's does.
   *
   * @throws STREAM_READER_LOST where the server has ended the other one's session, and nobody has noticed yet
   */
  async takeOverFrom({ slot }: BacklogLane): Promise<void> {
    try {
      await this.takeOver(slot);
    } catch (error) {
      if (sqlstateOf(error) !== undefinedObject) throw error;
      throw new SluiceError('STREAM_READER_LOST', { slot }, { cause: error });
    }
  }

  async look(slot = this.slot): Promise<SlotLook> {
    const { rows } = await this.#session.query(lookSql, [slot]);
    const row = rows[0]!;
    return {
      sourceEnd: parseLsn(row['source_end']!),
      position: row['position'] ? parseLsn(row['position']) : null,
      restart: row['restart_lsn'] ? parseLsn(row['restart_lsn']) : null,
      mustStream:
        row['is_standby'] === 'true' ||
        row['is_active'] === 'true' ||
        row['is_failover'] === 'true' ||
        row['idle_timeout'] !== '0',
    };
  }

  destroy(): void {
    this.#pipe?.drop();
    this.#session.destroy();
  }

  /** Moves a slot; the server decodes its way there without sending anything. */
  async advance(slot: string, to: Lsn): Promise<void> {
    await this.#session.query(advanceSlotSql, [slot, formatLsn(to)]);
  }

  /** Reads and moves the lane's slot. */
  read(limits: PieceLimits): Piece {
    const pipe = new BlockPipe();
    const messages = new CopiedMessages((block) => pipe.put(block));
    const copied = this.#session.copyOut(this.#pieceSql(limits), (bytes) => {
      messages.push(bytes);
      return pipe.room;
    });
    this.#pipe = pipe;
    copied.then(
      () => pipe.end(),
      (error: unknown) => pipe.end(error),
    );
    return { decoded: pipe.begun, blocks: pipe };
  }

  /** What is being read is cancelled and dropped; its iteration just ends. */
  async close(): Promise<void> {
    this.#pipe?.drop();
    await this.#session.close();
  }

  #pieceSql({ to, changes }: PieceLimits): string {
    const slot = quoteLiteral(this.slot);
    const limits = `${quoteLiteral(formatLsn(to))}, ${changes}`;
    return (
      `COPY (SELECT data FROM pg_catalog.pg_logical_slot_get_binary_changes(${slot}, ${limits}, ` +
      `${this.#options})) TO STDOUT (FORMAT binary)`
    );
  }
}
