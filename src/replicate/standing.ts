import type { Pipeline } from '../ledger/index.ts';
import { formatLsn, type Lsn } from '../wire/index.ts';
import type { Applier, CommittedBatch } from './apply/applier.ts';
import type { ChangeReader } from '../stream/index.ts';

/**
 *     starting ─▶ standby ─▶ checking ─▶ copying ─▶ following ─▶ done
 *        ▲                                              │
 *        └────────────── waiting (an error that may pass) ◀──┘
 */
export type Phase =
  'starting' | 'standby' | 'checking' | 'copying' | 'following' | 'waiting' | 'done' | 'stopped';

/** A pipeline as seen from the process that runs it. Positions as PostgreSQL prints them. */
export interface ReplicationStatus {
  readonly name: string;
  readonly phase: Phase;
  readonly position: string | null;
  /** Applied and flushed on the target, and told to the source. */
  readonly confirmed: string | null;
  /** The source's end of WAL when last heard. */
  readonly sourceEnd: string | null;
  /** WAL that the source has and the target does not; 0 when none of it is for us. */
  readonly lagBytes: number | null;
  /** Age of the last applied commit while behind, else 0. */
  readonly lagSeconds: number | null;
  readonly peakLagBytes: number;
  readonly rowsCopied: number;
  readonly bytesCopied: number;
  readonly transactionsApplied: number;
  readonly changesApplied: number;
  readonly bytesApplied: number;
  /** Why it waits, when it does. */
  readonly error: string | null;
}

/** Keeps what is known of a running pipeline, for status, metrics and the summary at the end. */
export class Standing {
  readonly #name: string;
  #phase: Phase = 'starting';
  #position: Lsn | null = null;
  #confirmed: Lsn | null = null;
  #sourceEnd: Lsn | null = null;
  #applier: Pick<Applier, 'position' | 'caughtUpTo'> | null = null;
  #reader: Pick<ChangeReader, 'sourceEnd'> | null = null;
  #lastCommitTimeUs = 0n;
  /** As of the last batch. */
  #caughtUpTo: Lsn | null = null;
  #peakLagBytes = 0;
  #rowsCopied = 0;
  #bytesCopied = 0;
  #transactions = 0;
  #changes = 0;
  #bytes = 0;
  #error: string | null = null;
  readonly #nowMs: () => number;
  readonly #onPhase: (phase: Phase) => void;

  constructor(name: string, nowMs: () => number, onPhase: (phase: Phase) => void) {
    this.#name = name;
    this.#nowMs = nowMs;
    this.#onPhase = onPhase;
  }

  get phase(): Phase {
    return this.#phase;
  }

  enter(phase: Phase, error: unknown = null): void {
    if (phase !== this.#phase) this.#onPhase(phase);
    this.#phase = phase;
    this.#error = error instanceof Error ? error.message : null;
    if (phase === 'following') return;
    this.#position = this.position;
    this.#sourceEnd = this.#reader?.sourceEnd ?? this.#sourceEnd;
    this.#applier = this.#reader = null;
  }

  claimed(pipeline: Pipeline): void {
    this.#position = pipeline.position;
  }

  copied(copy: { rows: number; bytes: number }): void {
    this.#rowsCopied += copy.rows;
    this.#bytesCopied += copy.bytes;
  }

  follows(
    applier: Pick<Applier, 'position' | 'caughtUpTo'>,
    reader: Pick<ChangeReader, 'sourceEnd'>,
  ): void {
    this.#applier = applier;
    this.#reader = reader;
    this.#caughtUpTo = applier.caughtUpTo;
  }

  applied(batch: Omit<CommittedBatch, 'seconds'>): void {
    this.#transactions += batch.transactions;
    this.#changes += batch.changes;
    this.#bytes += batch.bytes;
    this.#lastCommitTimeUs = batch.commitTimeUs;
    // As it was before this batch: afterwards it is what is left.
    this.#peakLagBytes = Math.max(this.#peakLagBytes, this.#lagBehind(this.#caughtUpTo) ?? 0);
    this.#caughtUpTo = this.#applier?.caughtUpTo ?? null;
  }

  confirmed(position: Lsn): void {
    this.#confirmed = position;
  }

  get position(): Lsn | null {
    return this.#applier?.position ?? this.#position;
  }

  get lagBytes(): number | null {
    return this.#lagBehind(this.#applier?.caughtUpTo ?? null);
  }

  #lagBehind(position: Lsn | null): number | null {
    const end = this.#reader?.sourceEnd ?? null;
    if (end === null || position === null) return null;
    return end > position ? Number(end - position) : 0;
  }

  get lagSeconds(): number | null {
    const lagBytes = this.lagBytes;
    if (lagBytes === null || lagBytes === 0) return lagBytes;
    if (this.#lastCommitTimeUs === 0n) return null;
    return Math.max(0, this.#nowMs() / 1000 - Number(this.#lastCommitTimeUs / 1000n) / 1000);
  }

  status(): ReplicationStatus {
    const { position } = this;
    const sourceEnd = this.#reader?.sourceEnd ?? this.#sourceEnd;
    return {
      name: this.#name,
      phase: this.#phase,
      position: position === null ? null : formatLsn(position),
      confirmed: this.#confirmed === null ? null : formatLsn(this.#confirmed),
      sourceEnd: sourceEnd === null ? null : formatLsn(sourceEnd),
      lagBytes: this.lagBytes,
      lagSeconds: this.lagSeconds,
      peakLagBytes: this.#peakLagBytes,
      rowsCopied: this.#rowsCopied,
      bytesCopied: this.#bytesCopied,
      transactionsApplied: this.#transactions,
      changesApplied: this.#changes,
      bytesApplied: this.#bytes,
      error: this.#error,
    };
  }
}
