import { quoteLiteral, type Session } from '../session/index.ts';
import { formatLsn, parseLsn, type Lsn } from '../wire/index.ts';
import { BlockPipe } from './block-pipe.ts';
import type { ChangeBlock } from './block.ts';
import { CopiedMessages } from './copied-messages.ts';
import { loadSql } from './sql.ts';

const lookSql = loadSql('look-at-backlog');
const copySlotSql = loadSql('copy-slot');
const advanceSlotSql = loadSql('advance-slot');

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

export interface LaneLook {
  readonly isStandby: boolean;
  readonly sourceEnd: Lsn;
  /** Where the lane's slot stands; null while it has none. */
  readonly position: Lsn | null;
  /** Where decoding begins for that. */
  readonly restart: Lsn | null;
}

/** One session on the source and its temporary slot. */
export class BacklogLane {
  readonly slot: string;
  readonly #session: Session;
  readonly #options: string;
  #pipe: BlockPipe | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(session: Session, slot: string, pluginOptions: Readonly<Record<string, string>>) {
    this.#session = session;
    this.slot = slot;
    this.#options = Object.entries(pluginOptions).flat().map(quoteLiteral).join(', ');
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  /** The lane's slot stands where `slot` does. */
  async takeOver(slot: string): Promise<void> {
    await this.#session.query(copySlotSql, [slot, this.slot]);
  }

  async look(): Promise<LaneLook> {
    const { rows } = await this.#session.query(lookSql, [this.slot]);
    const row = rows[0]!;
    return {
      isStandby: row['is_standby'] === 'true',
      sourceEnd: parseLsn(row['source_end']!),
      position: row['position'] ? parseLsn(row['position']) : null,
      restart: row['restart_lsn'] ? parseLsn(row['restart_lsn']) : null,
    };
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
    this.#ended = copied.then(
      () => pipe.end(),
      (error: unknown) => pipe.end(error),
    );
    return { decoded: pipe.begun, blocks: pipe };
  }

  /** What is being read is dropped; its iteration just ends. */
  async cancel(): Promise<void> {
    this.#pipe?.drop();
    if (this.#session.isBusy) await this.#session.cancel();
    await this.#ended;
  }

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
