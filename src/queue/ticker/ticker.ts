import type { Client, Notification } from 'pg';
import { systemClock, type Clock } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import { Doorbell } from './doorbell.ts';
import { QueueWatch, type Look } from './watch.ts';

const tickSql = loadSql('tick-and-tell');
const watchInsertsSql = loadSql('watch-inserts');
const ignoreInsertsSql = loadSql('ignore-inserts');
const queuesSql = loadSql('queues-to-tick');
const tickIdleSql = loadSql('tick-idle');

/** The daemon's own way of telling: a payload that is no queue's number means that the list has changed. */
const wakeChannel = 'pgq_wake';

/** For queues that were made, dropped or set otherwise; and the original's ticks of idle queues. */
const refreshMs = 30_000;

interface TickerOptions {
  /** Connected, and the only ticker of the database. The ticker does not end it. */
  readonly client: Client;
  readonly clock?: Clock | undefined;
  /** Told of each round that ticked. */
  readonly onTick?: (queues: readonly string[]) => void;
}

interface Looked extends Look {
  readonly queue_id: number;
}

/**
 * Gives the events of one database's queues their ticks, some milliseconds after their commit; asleep, when
 * nothing comes, it costs a query in half a minute.
 */
export class Ticker {
  readonly #options: TickerOptions;
  readonly #clock: Clock;
  readonly #bell = new Doorbell();
  #watches = new Map<number, QueueWatch>();
  #refreshAtMs = 0;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** How many queues are awake, settling, asleep. */
  get states(): Readonly<Record<QueueWatch['state'], number>> {
    const states = { awake: 0, settling: 0, asleep: 0 };
    for (const watch of this.#watches.values()) states[watch.state] += 1;
    return states;
  }

  /** Looks at every queue soon: something came by a way that does not NOTIFY. */
  rouse(): void {
    this.#refreshAtMs = 0;
    this.#bell.ring();
  }

  /** Until the signal aborts; throws what the connection breaks with. */
  async run(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const hear = (message: Notification): void => this.#hear(message);
    client.on('notification', hear);
    try {
      await client.query(`LISTEN ${wakeChannel}`);
      while (!signal.aborted) {
        if (this.#clock.monotonicMs() >= this.#refreshAtMs) await this.#refresh();
        await this.#look();
        await this.#bell.wait(this.#nextMs() - this.#clock.monotonicMs(), signal);
      }
    } finally {
      client.off('notification', hear);
    }
  }

  #hear({ channel, payload }: Notification): void {
    if (channel !== wakeChannel) return;
    const watch = this.#watches.get(Number(payload));
    if (watch === undefined) this.#refreshAtMs = 0;
    else watch.hear(this.#clock.monotonicMs());
    this.#bell.ring();
  }

  async #refresh(): Promise<void> {
    const { client } = this.#options;
    await client.query(tickIdleSql);
    const { rows } = await client.query<{ queue_id: number; queue_name: string }>(queuesSql);
    const nowMs = this.#clock.monotonicMs();
    const before = this.#watches;
    this.#watches = new Map(
      rows.map(({ queue_id: id, queue_name: name }) => [
        id,
        before.get(id) ?? new QueueWatch(id, name, nowMs),
      ]),
    );
    this.#refreshAtMs = nowMs + refreshMs;
  }

  async #look(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const due = [...this.#watches.values()].filter((watch) => watch.nextLookMs <= nowMs);
    if (due.length === 0) return;
    const { client, onTick } = this.#options;
    const { rows } = await client.query<Looked>(tickSql, [due.map((watch) => watch.id)]);
    const ticked = rows.filter((row) => row.ticked).map((row) => this.#watches.get(row.queue_id)!);
    if (ticked.length > 0) onTick?.(ticked.map((watch) => watch.name));
    await this.#note(due, new Map(rows.map((row) => [row.queue_id, row])));
  }

  /** What another had locked just now has no row. */
  async #note(due: readonly QueueWatch[], looks: ReadonlyMap<number, Look>): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const quiet: number[] = [];
    const notifying: number[] = [];
    for (const watch of due) {
      const look = looks.get(watch.id);
      if (look === undefined) {
        watch.passedBy(nowMs);
        continue;
      }
      const order = watch.looked(look, nowMs);
      if (order === 'be quiet') quiet.push(watch.id);
      if (order === 'notify') notifying.push(watch.id);
    }
    await this.#order(ignoreInsertsSql, quiet);
    await this.#order(watchInsertsSql, notifying);
  }

  async #order(sql: string, queues: readonly number[]): Promise<void> {
    if (queues.length > 0) await this.#options.client.query(sql, [queues]);
  }

  #nextMs(): number {
    let next = this.#refreshAtMs;
    for (const watch of this.#watches.values()) next = Math.min(next, watch.nextLookMs);
    return next;
  }
}
