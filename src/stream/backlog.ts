import { ServerError, SluiceError } from '../errors/index.ts';
import type { Log } from '../service/index.ts';
import type { Session } from '../session/index.ts';
import { formatLsn, lsn, PgoutputTag, readCommit, type Lsn } from '../wire/index.ts';
import { BacklogLane, type Piece, type SlotLook } from './backlog-lane.ts';
import type { ChangeBlock } from './block.ts';

export interface BacklogOptions {
  /** Sessions of its own, for SQL: two. The backlog closes them. */
  readonly connect: () => Promise<Session>;
  readonly limits?: Partial<BacklogLimits> | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface BacklogLimits {
  /** Bytes of WAL from which on a backlog is read through SQL; `Infinity`: never. */
  readonly fromBytes: number;
  /** Nearer than this to the source's end, once that was reached, the walsender takes over. */
  readonly nearBytes: number;
  /** Bytes of WAL that a piece is decoded from; the first ones are smaller. */
  readonly pieceBytes: number;
  /** Changes after which such a piece ends. */
  readonly pieceChanges: number;
}

interface SlotPosition {
  readonly slot: string;
  readonly from: Lsn;
  /** As for START_REPLICATION. */
  readonly pluginOptions: Readonly<Record<string, string>>;
}

interface Reading {
  readonly lane: BacklogLane;
  readonly piece: Piece;
  /** How far the source was when it began. */
  readonly knownEnd: Lsn;
}

const mib = 1024 * 1024;
/** What is less than `fromBytes` a walsender sends in about a second. */
const defaultLimits: BacklogLimits = {
  fromBytes: 64 * mib,
  nearBytes: 16 * mib,
  pieceBytes: 128 * mib,
  pieceChanges: 400_000,
};
/** So many times smaller the first piece is, so that there is something to apply soon; each is twice the last. */
const firstPiece = 16;
/**
 * A piece must be as long as the way from where decoding begins, or that way is most of the work. So many pieces
 * long it may be, and no longer: a slot whose restart position stands still (a transaction has been open all the
 * time) is decoded better in one go.
 */
const longestWay = 8;
/** How often the slot is told what is confirmed. */
const advanceMs = 10_000;
/** How long a walsender is not started because what was read is not confirmed yet. */
const settleMs = 5_000;
/** How long a stop waits for the slot to hear of it. */
const tellMs = 2_000;

/**
 * What waits in a slot, read through SQL: a server decodes it in half the time that a walsender takes, which
 * sends every message by itself (docs/design/0010-reading-a-backlog.md).
 *
 * ```
 *   slot ──copied──▶ temporary slot ──pg_logical_slot_get_binary_changes──▶ a piece: whole transactions
 *     ▲                  └─copied──▶ another one, of another session ─────▶ the next piece, and so on
 *     └── pg_replication_slot_advance ◀── confirm ◀── durable on our side
 * ```
 * While one session sends its piece, the other one decodes the next. Only the temporary slots move as they
 * are read; the slot itself keeps the WAL until `confirm` (P2).
 */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #at: SlotPosition;
  readonly #lanes: BacklogLane[] = [];
  #position: Lsn;
  #sourceEnd: Lsn;
  readonly #limits: BacklogLimits;
  #pieceBytes: number;
  #confirmed: Lsn | null = null;
  #advanced: Lsn;
  #advancedMs = performance.now();
  #isStopped = false;
  #reading: Reading | null = null;
  /** Some of a piece has been handed on, and not all. */
  #isCut = false;
  /** The end of the last transaction that was handed on. */
  #lastEnd: Lsn;
  #settled: (() => void) | null = null;
  #stopping: Promise<void> | null = null;

  private constructor(at: SlotPosition, options: BacklogOptions) {
    this.#at = at;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#pieceBytes = this.#limits.pieceBytes / firstPiece;
    this.#position = this.#sourceEnd = this.#advanced = this.#lastEnd = at.from;
  }

  /** @returns null when there is not much to read, or when it cannot be read this way: the log says why */
  static async open(at: SlotPosition, options: BacklogOptions): Promise<Backlog | null> {
    const backlog = new Backlog(at, options);
    const destroy = (): void => backlog.#destroy();
    options.signal.addEventListener('abort', destroy, { once: true });
    try {
      if (await backlog.#begin()) return backlog;
    } catch (error) {
      if (!backlog.#canGoOn(error)) {
        backlog.#destroy();
        throw error;
      }
    } finally {
      options.signal.removeEventListener('abort', destroy);
    }
    await backlog.#close();
    return null;
  }

  /** Everything before this has been handed on. */
  get position(): Lsn {
    return this.#position;
  }

  get sourceEnd(): Lsn {
    return this.#sourceEnd;
  }

  confirm(position: Lsn): void {
    this.#confirmed = position;
    if (position >= this.#lastEnd) this.#settled?.();
  }

  /** Whole transactions in commit order, until what is left is little, or {@link stop}. */
  async *blocks(): AsyncGenerator<ChangeBlock, void> {
    try {
      while (this.#reading && !this.#isStopped) yield* this.#readPiece(this.#reading);
    } catch (error) {
      if (!this.#isStopped && !this.#canGoOn(error)) throw error;
    }
  }

  /**
   * Waits a while for what was handed on to be confirmed, and tells the slot. A walsender begins to decode where
   * its slot stands: it would do once more what has been read here.
   */
  async finish(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settled = resolve;
    if (!this.#isStopped && (this.#confirmed ?? 0n) < this.#lastEnd) {
      const late = setTimeout(resolve, settleMs);
      await promise;
      clearTimeout(late);
    }
    const lane = this.#lanes.find((lane) => lane.isOpen && !lane.isBusy);
    if (lane && !this.#isStopped) await this.#tellSlot(lane);
  }

  /**
   * Ends when a walsender has taken the slot over, with a last look at it: a process that died, or lost its
   * ownership, may have moved it before; a walsender goes on from there without a word (P2).
   *
   * @throws STREAM_SLOT_MOVED
   */
  async leave(): Promise<void> {
    const lane = this.#lanes.find((lane) => lane.isOpen && !lane.isBusy);
    const { position } = await (lane ?? (await this.#openLane())).look(this.#at.slot);
    await this.#close();
    const known = [this.#position, this.#confirmed ?? 0n];
    if (position !== null && known.every((ours) => position > ours))
      throw new SluiceError('STREAM_SLOT_MOVED', {
        slot: this.#at.slot,
        found: formatLsn(position),
        position: formatLsn(this.#position),
      });
  }

  /** Ends the reading; what was confirmed is told to the slot. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#settled?.();
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const isLost = this.#lanes.every((lane) => !lane.isOpen);
    await this.#close();
    if (isLost || this.#options.signal.aborted) return;
    if (this.#confirmed !== null && this.#confirmed > this.#advanced) await this.#tellSlotAtLast();
  }

  async #tellSlotAtLast(): Promise<void> {
    const late = setTimeout(() => this.#destroy(), tellMs);
    try {
      await this.#tellSlot(await this.#openLane());
    } catch (error) {
      this.#options.log.debug('the source cannot be told what is confirmed', { error });
    }
    clearTimeout(late);
    await this.#close();
  }

  /** Starts reading when there is enough to read. */
  async #begin(): Promise<boolean> {
    const lane = await this.#openLane();
    const { from, slot } = this.#at;
    const look = await lane.look(slot);
    this.#sourceEnd = look.sourceEnd;
    if (look.mustStream || Number(look.sourceEnd - from) < this.#limits.fromBytes) return false;
    await lane.takeOver(slot);
    const { position } = await lane.look();
    if (position! < from) await lane.advance(lane.slot, from);
    return this.#read(lane, await lane.look());
  }

  async *#readPiece({ lane, piece, knownEnd }: Reading): AsyncGenerator<ChangeBlock, void> {
    await piece.decoded;
    const next = this.#readNext(lane, knownEnd);
    next.catch(() => undefined); // thrown below, behind the blocks
    let last: ChangeBlock | null = null;
    for await (const block of piece.blocks) {
      this.#isCut = true;
      last = block;
      yield block;
    }
    if (this.#isStopped) return;
    this.#isCut = false;
    this.#position = this.#lastEnd = (last && endOf(last)) ?? this.#lastEnd;
    this.#position = await next;
    yield nothingMoreBefore(this.#position);
  }

  /**
   * Begins with the piece behind one that is decoded, on the other lane, when there is enough left.
   *
   * @returns where the decoded one ends
   */
  async #readNext(decodedBy: BacklogLane, knownEnd: Lsn): Promise<Lsn> {
    this.#reading = null;
    if (this.#isStopped) return this.#position;
    const lane = this.#lanes.find((other) => other !== decodedBy) ?? (await this.#openLane());
    await lane.takeOverFrom(decodedBy);
    const look = await lane.look();
    const position = look.position!;
    this.#sourceEnd = look.sourceEnd;
    if (performance.now() > this.#advancedMs + advanceMs) await this.#advance(lane);
    const isBehind =
      position < knownEnd || Number(look.sourceEnd - position) > this.#limits.nearBytes;
    if (isBehind && !this.#isStopped) this.#read(lane, look);
    return position;
  }

  /** @returns false when that would be mostly decoding again what has been read */
  #read(lane: BacklogLane, { position, restart, sourceEnd }: SlotLook): boolean {
    const { pieceBytes, pieceChanges } = this.#limits;
    const way = Number(position! - restart!);
    if (way > longestWay * pieceBytes) return false;
    const length = Math.max(way, Math.round(this.#pieceBytes));
    this.#pieceBytes = Math.min(this.#pieceBytes * 2, pieceBytes);
    const piece = lane.read({
      to: lsn(position! + BigInt(length)),
      changes: Math.ceil(pieceChanges * Math.max(1, length / pieceBytes)),
    });
    this.#reading = { lane, piece, knownEnd: sourceEnd };
    return true;
  }

  async #openLane(): Promise<BacklogLane> {
    const session = await this.#options.connect();
    const lane = new BacklogLane(session, this.#at.slot, this.#at.pluginOptions);
    this.#lanes.push(lane);
    return lane;
  }

  /** The slot hears of it from the next walsender, too. */
  async #tellSlot(lane: BacklogLane): Promise<void> {
    try {
      await this.#advance(lane);
    } catch (error) {
      const { slot } = this.#at;
      this.#options.log.debug('the slot was not told what is confirmed', { slot, error });
    }
  }

  async #advance(lane: BacklogLane): Promise<void> {
    this.#advancedMs = performance.now();
    const confirmed = this.#confirmed;
    if (confirmed === null || confirmed <= this.#advanced) return;
    await lane.advance(this.#at.slot, confirmed);
    this.#advanced = confirmed;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #destroy(): void {
    for (const lane of this.#lanes) lane.destroy();
  }

  /** The server refused (no slot free, no right, no room for what it decodes): the walsender may do better. */
  #canGoOn(error: unknown): boolean {
    if (!(error instanceof ServerError) || this.#isCut) return false;
    if (!this.#lanes.every((lane) => lane.isOpen)) return false;
    const { slot } = this.#at;
    this.#options.log.warn('the backlog is read through the walsender, which is slower', {
      slot,
      error,
    });
    return true;
  }
}

/** Where the transaction ends that a block ends with; null when it ends with something else. */
function endOf({ bytes, starts, ends, count }: ChangeBlock): Lsn | null {
  const start = starts[count - 1]!;
  if (bytes[start] !== PgoutputTag.commit) return null;
  return readCommit(bytes, start, ends[count - 1]!).endLsn;
}

const nowhere = new Int32Array(0);

function nothingMoreBefore(position: Lsn): ChangeBlock {
  return {
    bytes: Buffer.alloc(0),
    count: 0,
    starts: nowhere,
    ends: nowhere,
    keepaliveEnd: position,
  };
}
