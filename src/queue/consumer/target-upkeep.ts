import type { Clock } from '../../service/index.ts';
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
  #dueAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param target  not in a transaction */
  async run({ own: target }: HandlerClient): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#dueAtMs) return;
    this.#dueAtMs = nowMs + periodMs;
    const { rows } = await target.query(targetUpkeep);
    if (!isTrue(rows[0], 'may_compact')) return;
    while (isTrue((await target.query(compactTracking)).rows[0], 'has_more'));
  }
}
