import { ledgerErrorOf, type Owner } from '../../ledger/index.ts';
import { systemClock, type Clock } from '../../service/index.ts';
import type { Session } from '../../session/index.ts';
import type { ChangeBlock, ChangeQueue } from '../../stream/index.ts';
import { PgoutputTag, readRelation, type Lsn } from '../../wire/index.ts';
import { FlushTracker } from './flush-tracker.ts';
import { LargeTransaction } from './large-transaction.ts';
import { Relations, type FindDestination } from './relations.ts';
import type { Segment } from './segment.ts';
import { SegmentBuilder } from './segment-builder.ts';
import { SegmentWriter, type SegmentMode } from './segment-writer.ts';

export interface ApplyLimits {
  /** Bytes of messages after which a segment is closed; a longer transaction takes several. */
  readonly segmentBytes: number;
  readonly segmentChanges: number;
  /** How often an idle pipeline writes its position. */
  readonly idleWriteMs: number;
}

// 4 MiB is some 30 k rows of 100 bytes: statements cost nothing against that, and three such segments
// (read, sent, answered) with what the collector has not got to yet stay within the 300 MB a pipeline may
// use (measured: 280 MB at the peak, 320 with 8 MiB).
export const defaultApplyLimits: ApplyLimits = {
  segmentBytes: 4 * 1024 * 1024,
  segmentChanges: 50_000,
  idleWriteMs: 10_000,
};

// A batch this large comes from load, not from one busy client: some 50 ms more do not show there.
const largeChanges = 500;
const gatherChanges = 10_000;
const gatherMs = 50;
// As long as one waits for a program to stop before looking for its process id.
const cancelAfterMs = 3_000;

export interface ApplierOptions {
  readonly session: Session;
  readonly owner: Owner;
  readonly slot: string;
  readonly position: Lsn;
  readonly format: 'binary' | 'text';
  /** Foreign keys are checked on the target: tables must be written in their order. */
  readonly byDependency: boolean;
  readonly findDestination: FindDestination;
  readonly readHold: () => Promise<Lsn | null>;
  readonly limits?: Partial<ApplyLimits>;
  readonly clock?: Clock;
  readonly events?: Partial<ApplyEvents>;
}

export interface CommittedBatch {
  readonly transactions: number;
  readonly changes: number;
  readonly bytes: number;
  /** When the last of its transactions committed on the source, microseconds since 1970. */
  readonly commitTimeUs: bigint;
  /** From sending it to its answer. */
  readonly seconds: number;
}

export interface ApplyEvents {
  /** A target transaction committed. */
  committed(batch: CommittedBatch): void;
  /** Everything up to `position` is applied and known flushed on the target: the source may forget it. */
  flushed(position: Lsn): void;
  /** A segment is written again, row by row. */
  retriedInOrder(reason: { sqlstate: string; table: string }): void;
}

interface Entry {
  readonly segment: Segment;
  readonly endLsn: Lsn;
  mode: SegmentMode;
  sentMs: number;
  sent: Promise<void> | null;
  outcome: Awaited<ReturnType<SegmentWriter['sendWhole']>> | null;
  error: unknown;
}

/**
 * Applies the changes of a slot to the target, exactly once and in order (P1, P4).
 *
 * ```
 *   queue ─▶ building ─▶ pending[0..1] ─▶ target: BEGIN, changes, position, COMMIT ─▶ flushed ─▶ confirm
 *            whole transactions, and the     sent one behind the other, answers awaited later
 *            beginning of the next one
 * ```
 * While the target is idle, what is there is sent at once; while it is busy, transactions gather into the
 * next segment. A refusal makes the segment be written row by row, which names the change if it is
 * refused again. Every target transaction moves the position from where the one before left it, so one
 * that was sent behind a refused one cannot commit.
 */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #limits: ApplyLimits;
  readonly #clock: Clock;
  readonly #relations: Relations;
  readonly #writer: SegmentWriter;
  readonly #flush: FlushTracker;
  readonly #pending: Entry[] = [];
  readonly #builder: SegmentBuilder;
  #position: Lsn;
  #quietUntil: Lsn | null = null;
  #hold: Lsn | null = null;
  #askedMs = 0;
  #lastWriteMs: number;
  #stopAt: Lsn | null = null;
  #signal = new AbortController().signal;
  #large: LargeTransaction | null = null;
  #largeChanges = 0;
  #largeBytes = 0;
  #wasLarge = false;
  #largeSinceMs = 0;
  /** What of a block was not taken when a run ended in the middle of it. */
  #rest: { block: ChangeBlock; from: number } | null = null;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#limits = { ...defaultApplyLimits, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#relations = new Relations(options.findDestination);
    this.#position = options.position;
    this.#builder = new SegmentBuilder(options.slot, options.position);
    this.#writer = new SegmentWriter({ ...options, relations: this.#relations });
    this.#flush = new FlushTracker(options.session, (position) =>
      options.events?.flushed?.(position),
    );
    this.#lastWriteMs = this.#clock.monotonicMs();
  }

  /** Everything of the source that committed up to here is in the target. */
  get position(): Lsn {
    return this.#position;
  }

  /** Nothing of the source before this is missing: the position, or further where nothing was for us. */
  get caughtUpTo(): Lsn {
    const isIdle = this.#pending.length === 0 && this.#builder.segment.isEmpty && !this.#large;
    const quiet = this.#quietUntil;
    return isIdle && quiet !== null && quiet > this.#position ? quiet : this.#position;
  }

  /**
   * Applies what comes out of `queue` until it ends, `signal` aborts, or `stopAt` is reached. What was
   * sent is waited for; its position is flushed and told before this resolves.
   *
   * @throws SluiceError APPLY_FAILED, APPLY_ROW_MISSING, LEDGER_FENCED, ...: the position is untouched by
   *   what failed
   */
  async run(
    queue: ChangeQueue,
    options: { signal: AbortSignal; stopAt?: Lsn | null },
  ): Promise<void> {
    this.#stopAt = options.stopAt ?? null;
    this.#signal = options.signal;
    let isEnded = false;
    while (!isEnded && !options.signal.aborted && !this.#isDone) {
      await this.#sendWhatMay();
      if (this.#isDone) break;
      const mayRead = this.#pending.length < 2;
      if (mayRead && (this.#rest || !queue.isEmpty)) {
        await this.#takeNext(queue);
        continue;
      }
      if (mayRead && queue.isEnded) {
        isEnded = (await queue.shift()) === null;
        continue;
      }
      if (
        this.#pending.length === 0 &&
        this.#builder.segment.transactions > 0 &&
        !this.#isGathering
      ) {
        this.#close();
        continue;
      }
      await this.#wait(mayRead ? queue : null);
    }
    await this.#settle();
    if (this.#flush.isWaiting && !this.#large) await this.#flushNow();
    await this.#flush.wait();
  }

  /** What is behind `stopAt` and was not sent waits for the next run, or for the next start. */
  get #isDone(): boolean {
    return this.#hasReached && !this.#pending.some(({ sent }) => sent !== null);
  }

  get #hasReached(): boolean {
    return this.#stopAt !== null && this.#position >= this.#stopAt;
  }

  /**
   * True while it pays to wait for more: under load, when the last batch was a large one. The target is
   * then idle at times, but works with fewer, larger sets (20 % less CPU on a pgbench backlog).
   */
  get #isGathering(): boolean {
    return (
      this.#wasLarge &&
      this.#builder.segment.changes < gatherChanges &&
      this.#clock.monotonicMs() < this.#lastWriteMs + gatherMs
    );
  }

  /** Waits for whatever can change what is to be done: a block, an answer, time. */
  async #wait(queue: ChangeQueue | null): Promise<void> {
    const sent = this.#pending[0]?.sent;
    const isTimeUp = await this.#woken(queue, sent ?? null);
    // Inside a large transaction the session belongs to it alone.
    if (sent || this.#large || (!isTimeUp && this.#hold === null)) return;
    if (this.#flush.isWaiting) await this.#flush.poll();
    await this.#idle();
  }

  /** @returns true when only time has passed */
  async #woken(queue: ChangeQueue | null, sent: Promise<void> | null): Promise<boolean> {
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.#signal]);
    let isTimeUp = false;
    const time = this.#clock.sleep(this.#waitMs, signal).then(() => {
      isTimeUp = true;
    }, ignoreAbort);
    await Promise.race([time, ...(queue ? [queue.readable()] : []), ...(sent ? [sent] : [])]);
    timer.abort(woken);
    return isTimeUp;
  }

  // Unflushed commits are asked after often, so that the source's WAL is let go; holds, too.
  get #waitMs(): number {
    if (this.#hold !== null || this.#wasLarge) return 20;
    return this.#flush.isWaiting ? 50 : 250;
  }

  async #takeNext(queue: ChangeQueue): Promise<void> {
    const rest = this.#rest;
    this.#rest = null;
    if (rest) return this.#take(rest.block, rest.from);
    const block = await queue.shift();
    if (block) await this.#take(block, 0);
  }

  /** Reads a block's messages, closing segments where they are full. */
  async #take(block: ChangeBlock, from: number): Promise<void> {
    const { bytes, starts, count, keepaliveEnd } = block;
    for (let i = from; i < count; i++) {
      if (bytes[starts[i]!] === PgoutputTag.relation) {
        if (!(await this.#describe(block, i))) return this.#leave(block, i);
      } else this.#builder.add(block, i);
      if (this.#large && !this.#builder.open) await this.#finishLarge();
      else if (!this.#isFull) continue;
      else if (this.#builder.segment.transactions > 0) this.#close();
      else if (!(await this.#continueLarge())) return this.#leave(block, i + 1);
    }
    if (keepaliveEnd !== null && !this.#builder.open) this.#quietUntil = keepaliveEnd;
  }

  #leave(block: ChangeBlock, from: number): void {
    this.#rest = { block, from };
  }

  get #isFull(): boolean {
    const { bytes, changes } = this.#builder.segment;
    return bytes >= this.#limits.segmentBytes || changes >= this.#limits.segmentChanges;
  }

  /**
   * A relation described differently from before parts the changes: those before it need the old one.
   *
   * @returns false when the run is to end before them
   */
  async #describe(block: ChangeBlock, i: number): Promise<boolean> {
    const relation = readRelation(block.bytes, block.starts[i]!, block.ends[i]!, false);
    if (this.#relations.isChanged(relation)) {
      if (this.#builder.segment.transactions > 0) this.#close();
      if (!(await this.#drain())) return false;
      if (this.#builder.segment.changes > 0 && !(await this.#continueLarge())) return false;
      await this.#large?.accepted();
    }
    await this.#relations.describe(relation);
    return true;
  }

  /** Moves the whole transactions gathered to the pending ones. */
  #close(): void {
    this.#pend(this.#builder.takeWhole());
  }

  #pend(segment: Segment): void {
    const endLsn = segment.endLsn!;
    const mode = this.#writer.firstMode(segment);
    this.#pending.push({
      segment,
      endLsn,
      mode,
      sentMs: 0,
      sent: null,
      outcome: null,
      error: null,
    });
  }

  async #sendWhatMay(): Promise<void> {
    await this.#takeAnswers();
    for (const [i, entry] of this.#pending.entries()) {
      if (entry.sent) continue;
      // Behind a segment that is written row by row nothing is sent: its refusal is expected.
      if (i > 1 || (i === 1 && this.#pending[0]!.mode === 'rows')) return;
      if (this.#hold !== null && entry.endLsn > this.#hold) {
        if (i === 0) this.#splitAtHold();
        return;
      }
      const previous = i === 0 ? this.#position : this.#pending[i - 1]!.endLsn;
      this.#send(entry, previous);
    }
  }

  #send(entry: Entry, previous: Lsn): void {
    entry.sentMs = this.#clock.monotonicMs();
    entry.sent = this.#writer.sendWhole(entry.segment, entry.mode, previous, entry.endLsn).then(
      (outcome) => {
        entry.outcome = outcome;
      },
      (error: unknown) => {
        entry.error = error;
      },
    );
  }

  /** Takes the answers that have come, in order; after a refusal waits for all and says what to do. */
  async #takeAnswers(): Promise<void> {
    for (let entry = this.#pending[0]; entry; entry = this.#pending[0]) {
      if (entry.error) throw entry.error;
      if (!entry.outcome) return;
      if (entry.outcome.failure) {
        await this.#recover(entry);
        return;
      }
      this.#pending.shift();
      this.#wasLarge = entry.segment.changes >= largeChanges;
      this.#advanced(entry.endLsn, entry.outcome.wal!.inserted, entry.outcome.wal!.flushed);
      const { transactions, changes, bytes, commitTimeUs } = entry.segment;
      const seconds = (this.#clock.monotonicMs() - entry.sentMs) / 1000;
      this.#options.events?.committed?.({ transactions, changes, bytes, commitTimeUs, seconds });
    }
  }

  #advanced(position: Lsn, inserted: Lsn, flushed: Lsn): void {
    this.#position = position;
    this.#lastWriteMs = this.#clock.monotonicMs();
    this.#flush.committed(position, inserted, flushed);
  }

  async #recover(entry: Entry): Promise<void> {
    const { failure } = entry.outcome!;
    await this.#allSent();
    for (const other of this.#pending) {
      if (other.error) throw other.error;
      other.sent = other.outcome = null;
    }
    if (failure!.error.sqlstate === 'SL004') {
      this.#hold = await this.#options.readHold();
      return;
    }
    entry.mode = this.#writer.nextMode(entry.segment, entry.mode, failure!, this.#position);
    const table = failure!.step.table?.label ?? '';
    this.#options.events?.retriedInOrder?.({ sqlstate: failure!.error.sqlstate, table });
  }

  /** Sends only what ends at the hold, and when nothing does, writes the hold itself as the position. */
  #splitAtHold(): void {
    const entry = this.#pending[0]!;
    const [whole, rest] = entry.segment.split(this.#hold!);
    if (whole.transactions === 0) return;
    this.#pending[0] = { ...entry, segment: rest };
    this.#pend(whole);
    this.#pending.unshift(this.#pending.pop()!);
  }

  /** With nothing on its way: what an idle, held or finishing pipeline owes. */
  async #idle(): Promise<void> {
    const now = this.#clock.monotonicMs();
    if (this.#hold !== null || now - this.#askedMs >= 250) {
      this.#askedMs = now;
      this.#hold = await this.#options.readHold();
    }
    const next = this.#idlePosition(now);
    if (next !== null && next > this.#position) await this.#writePosition(next);
  }

  #idlePosition(now: number): Lsn | null {
    const isBehindHold = this.#hold !== null && this.#position < this.#hold;
    const first = this.#pending[0];
    if (isBehindHold && first && first.endLsn > this.#hold!) return this.#hold;
    const isEmpty =
      !first && !this.#large && this.#builder.segment.isEmpty && this.#quietUntil !== null;
    if (isBehindHold) return isEmpty && this.#quietUntil! >= this.#hold! ? this.#hold : null;
    if (!isEmpty || this.#hold !== null) return null;
    const isFinishing = this.#stopAt !== null && this.#quietUntil! >= this.#stopAt;
    const isDue = now - this.#lastWriteMs >= this.#limits.idleWriteMs;
    return isFinishing || isDue ? this.#quietUntil : null;
  }

  async #writePosition(next: Lsn): Promise<void> {
    const { failure, wal } = await this.#writer.sendPosition(this.#position, next);
    if (!failure) this.#advanced(next, wal!.inserted, wal!.flushed);
    else if (failure.error.sqlstate !== 'SL004')
      throw ledgerErrorOf(failure.error, this.#options.owner.name) ?? failure.error;
  }

  /** The WAL writer takes its time, which the end of a run need not wait for. Refused (a hold), it must. */
  async #flushNow(): Promise<void> {
    const { failure, wal } = await this.#writer.sendFlush(this.#position);
    if (!failure) this.#flush.committed(this.#position, wal!.inserted, wal!.flushed);
  }

  /**
   * A transaction longer than a segment goes to the target in pieces, before its Commit is read.
   *
   * @returns false when the run is to end before it
   */
  async #continueLarge(): Promise<boolean> {
    if (!this.#large && !(await this.#mayBegin(this.#builder.open!.finalLsn))) return false;
    const segment = this.#builder.takePiece();
    if (!this.#large) {
      this.#largeSinceMs = this.#clock.monotonicMs();
      this.#large = await LargeTransaction.begin(this.#writer, this.#options.owner, this.#position);
    }
    await this.#large.add(segment);
    this.#largeChanges += segment.changes;
    this.#largeBytes += segment.bytes;
    return true;
  }

  async #finishLarge(): Promise<void> {
    const segment = this.#builder.takePiece();
    await this.#large!.add(segment);
    const { wal } = await this.#large!.commit(segment.endLsn!);
    this.#large = null;
    this.#advanced(segment.endLsn!, wal!.inserted, wal!.flushed);
    this.#options.events?.committed?.({
      transactions: 1,
      changes: this.#largeChanges + segment.changes,
      bytes: this.#largeBytes + segment.bytes,
      commitTimeUs: segment.commitTimeUs,
      seconds: (this.#clock.monotonicMs() - this.#largeSinceMs) / 1000,
    });
    this.#largeChanges = this.#largeBytes = 0;
  }

  /** Waits until a transaction that commits at `finalLsn` may be applied; false when the run ends before. */
  async #mayBegin(finalLsn: Lsn): Promise<boolean> {
    if (!(await this.#drain())) return false;
    this.#hold = await this.#options.readHold();
    while (this.#hold !== null && finalLsn >= this.#hold) {
      this.#signal.throwIfAborted();
      if (this.#position < this.#hold) await this.#writePosition(this.#hold);
      if (this.#hasReached) return false;
      await this.#clock.sleep(20, this.#signal);
      this.#hold = await this.#options.readHold();
    }
    return true;
  }

  /** Applies everything pending, however long a hold lasts; false when the run ends at the hold. */
  async #drain(): Promise<boolean> {
    for (;;) {
      await this.#sendWhatMay();
      const first = this.#pending[0];
      if (!first) return true;
      this.#signal.throwIfAborted();
      if (first.sent) await first.sent;
      else if (this.#hasReached) return false;
      else {
        await this.#clock.sleep(20, this.#signal);
        await this.#idle();
      }
    }
  }

  async #allSent(): Promise<void> {
    for (const { sent } of this.#pending) if (sent) await sent;
  }

  /**
   * Waits for what was sent; what was not stays for the next start. After an abort a statement that does not
   * end by itself (it waits for a lock) is cancelled: its position has not moved then.
   */
  async #settle(): Promise<void> {
    const { session } = this.#options;
    const cancelling = this.#signal.aborted
      ? this.#clock.every(cancelAfterMs, () => void session.cancel().catch(() => session.destroy()))
      : null;
    try {
      await this.#large?.rollBack();
      this.#large = null;
      await this.#allSent();
    } finally {
      cancelling?.();
    }
    if (this.#signal.aborted) this.#dropRefused();
    await this.#takeAnswers();
  }

  /** Ending, nothing is tried again: what was refused, or came behind it, is read again at the next start. */
  #dropRefused(): void {
    const refused = this.#pending.findIndex((entry) => entry.error || entry.outcome?.failure);
    if (refused !== -1) this.#pending.splice(refused);
  }
}

// One reason for all: making one each time costs more than the wait is worth.
const woken = new Error('woken');

function ignoreAbort(): undefined {
  return undefined;
}
