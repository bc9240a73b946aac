import type { Client } from 'pg';
import { z } from 'zod';
import { duration, setting, systemClock, type Clock } from '../service/index.ts';

/** How a job leaves others their share. */
export const throttleSettings = {
  pause: setting(duration().prefault('0s'), {
    effect: 'How long to wait after each commit.',
    why: 'as fast as it goes',
    example: '100ms',
  }),
  throttle: setting(z.string().min(1).optional(), {
    effect:
      'SQL that says whether to wait: while its first column is true, the job waits `throttle_sleep` before the next commit ' +
      'is begun. It runs in the target.',
    why: 'no waiting',
    example:
      "select coalesce(max(replay_lag) > interval '10 s', false) from pg_catalog.pg_stat_replication",
  }),
  throttle_sleep: setting(duration().prefault('1s'), {
    effect: 'How long to wait before `throttle` is asked again.',
    why: 'what slows others down seldom ends sooner',
  }),
} as const;

export interface ThrottleConfig {
  readonly pause: number;
  readonly throttle?: string | undefined;
  readonly throttle_sleep: number;
}

/** Waits between two commits, as long as the settings want it. Returns early when the signal aborts. */
export class Throttle {
  readonly #config: ThrottleConfig;
  readonly #connect: () => Promise<Client>;
  readonly #clock: Clock;

  /** @param connect  where `throttle` runs */
  constructor(config: ThrottleConfig, connect: () => Promise<Client>, clock = systemClock) {
    this.#config = config;
    this.#connect = connect;
    this.#clock = clock;
  }

  async wait(signal: AbortSignal): Promise<void> {
    const { pause, throttle, throttle_sleep: sleepS } = this.#config;
    if (pause > 0) await this.#sleep(pause, signal);
    if (throttle === undefined) return;
    while (!signal.aborted && (await this.#isBusy(throttle))) await this.#sleep(sleepS, signal);
  }

  async #isBusy(throttle: string): Promise<boolean> {
    const client = await this.#connect();
    const { rows } = await client.query<unknown[]>({ text: throttle, rowMode: 'array' });
    return rows[0]?.[0] === true;
  }

  async #sleep(seconds: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(seconds * 1000, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
