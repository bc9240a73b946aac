import { decisionOf, type Clock, type Log } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import type { HandlerClient } from './handler-client.ts';
import { isTrue } from './rows.ts';

const targetUpkeep = loadSql('target-upkeep');
const compactTracking = loadSql('compact-tracking');

const periodMs = 60_000;

/**
 * A target has no ticker that would compact what its consumers record (`pgq_ext.maint_compact()`): they do it
 * themselves, between two batches.
 */
export class TargetUpkeep {
  readonly #clock: Clock;
  readonly #log: Log;
  #dueAtMs = 0;

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * What keeps it from its work keeps nobody from theirs: it is tried again in a minute.
   *
   * @param target  not in a transaction
   * @throws when the connection is gone
   */
  async run(target: HandlerClient): Promise<void> {
    try {
      await this.#compact(target);
    } catch (error) {
      if (decisionOf(error) === 'reconnect' || (await target.isLost())) throw error;
      this.#log.warn('what was recorded of events is not compacted', { error });
    }
  }

  async #compact({ own: target }: HandlerClient): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#dueAtMs) return;
    this.#dueAtMs = nowMs + periodMs;
    const { rows } = await target.query(targetUpkeep);
    if (!isTrue(rows[0], 'may_compact')) return;
    while (isTrue((await target.query(compactTracking)).rows[0], 'has_more'));
  }
}
