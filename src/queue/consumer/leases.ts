import type { Tx } from '../../ledger/index.ts';
import type { Clock, Log } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import { arrayLiteral } from '../array-literal.ts';
import { numberOf, textOf } from './rows.ts';
import type { SetAside } from './verdicts.ts';

const endLease = loadSql('end-lease');
const failLease = loadSql('fail-lease');
const extendLeases = loadSql('extend-leases');

/** Extensions within a lease: two may go missing. */
const extensionsPerLease = 3;

export interface LeaseOptions {
  readonly consumer: string;
  readonly worker: string;
  readonly leaseMs: number;
}

/** Which events of which queues this process holds beyond their batches; extended as long as it lives. */
export class Leases {
  readonly #aside: Tx;
  readonly #options: LeaseOptions;
  readonly #log: Log;
  readonly #held = new Map<string, Set<bigint>>();
  readonly #stopExtending: () => void;

  constructor(
    aside: Tx,
    options: LeaseOptions,
    deps: { readonly log: Log; readonly clock: Clock },
  ) {
    this.#aside = aside;
    this.#options = options;
    this.#log = deps.log;
    this.#stopExtending = deps.clock.every(options.leaseMs / extensionsPerLease, () => {
      void this.#extendAll();
    });
  }

  /** Events came out of their batch. */
  hold(queue: string, eventId: bigint): void {
    const held = this.#held.get(queue) ?? new Set();
    this.#held.set(queue, held.add(eventId));
  }

  /** Handled. In its handler's transaction; false when it is not ours any more: another has it, or will. */
  async end(queue: string, eventId: bigint, transaction: Tx): Promise<boolean> {
    const { consumer, worker } = this.#options;
    const { rows } = await transaction.query(endLease, [queue, consumer, String(eventId), worker]);
    this.#held.get(queue)?.delete(eventId);
    return numberOf(rows[0], 'ended') === 1;
  }

  /** Not handled: it comes again, or is dead. */
  async fail(queue: string, { eventId, as, afterMs, reason }: SetAside): Promise<void> {
    const { consumer, worker } = this.#options;
    this.#held.get(queue)?.delete(eventId);
    const delay = `${afterMs} ms`;
    await this.#aside.query(failLease, [
      queue,
      consumer,
      String(eventId),
      worker,
      as,
      delay,
      reason,
    ]);
  }

  /** What is still held comes again at once; this was no try of it. */
  async giveBack(): Promise<void> {
    this.#stopExtending();
    for (const [queue, held] of this.#held) {
      for (const eventId of held) {
        await this.fail(queue, { eventId, as: 'wait', afterMs: 0, reason: 'given back' });
      }
    }
  }

  async #extendAll(): Promise<void> {
    for (const [queue, held] of this.#held) {
      if (held.size > 0)
        await this.#extend(queue, [...held]).catch((error: unknown) => this.#late(queue, error));
    }
  }

  async #extend(queue: string, eventIds: readonly bigint[]): Promise<void> {
    const { consumer, worker, leaseMs } = this.#options;
    const ids = arrayLiteral(eventIds.map(String));
    const { rows } = await this.#aside.query(extendLeases, [
      queue,
      consumer,
      ids,
      worker,
      `${leaseMs} ms`,
    ]);
    const ours = new Set(rows.map((row) => BigInt(textOf(row, 'id'))));
    for (const id of eventIds) {
      if (ours.has(id) || !this.#held.get(queue)?.delete(id)) continue;
      this.#log.warn('a lease was lost: its event comes again', { queue, event: id });
    }
  }

  #late(queue: string, error: unknown): void {
    this.#log.warn('leases could not be extended', { queue, error });
  }
}
