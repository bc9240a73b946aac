import type { Client } from 'pg';
import type { AnyEvent } from '../../queue/index.ts';

/** Which events of a queue a job handles. */
export class EventFilter {
  readonly #tables: ReadonlySet<string> | null;
  readonly #filter: string | undefined;
  readonly #connect: () => Promise<Client>;

  /** @param connect  where the SQL of the filter runs */
  constructor(
    config: { readonly tables?: string[] | undefined; readonly filter?: string | undefined },
    connect: () => Promise<Client>,
  ) {
    this.#tables = config.tables === undefined ? null : new Set(config.tables);
    this.#filter = config.filter;
    this.#connect = connect;
  }

  async choose(events: AnyEvent[]): Promise<AnyEvent[]> {
    const tables = this.#tables;
    const ofTables =
      tables === null ? events : events.filter(({ extra1 }) => tables.has(extra1 ?? ''));
    if (this.#filter === undefined || ofTables.length === 0) return ofTables;
    const chosen = await this.#chooseBySql(this.#filter, ofTables);
    return ofTables.filter(({ id }) => chosen.has(id));
  }

  async #chooseBySql(filter: string, events: AnyEvent[]): Promise<ReadonlySet<bigint>> {
    const client = await this.#connect();
    const { rows } = await client.query<{ ev_id: string }>({
      text: filterSql(filter),
      values: [
        events.map(({ id }) => String(id)),
        events.map(timeText),
        events.map(({ txid }) => String(txid)),
        events.map(({ retry }) => retry),
        events.map(({ type }) => type),
        events.map(({ data }) => data),
        events.map(({ extra1 }) => extra1),
        events.map(({ extra2 }) => extra2),
        events.map(({ extra3 }) => extra3),
        events.map(({ extra4 }) => extra4),
      ],
    });
    return new Set(rows.map(({ ev_id }) => BigInt(ev_id)));
  }
}

/** `2026-11-21T10:00:00.123456Z` */
export function timeText({ time, timeMicros }: Pick<AnyEvent, 'time' | 'timeMicros'>): string {
  return time.toISOString().replace('Z', `${String(timeMicros).padStart(3, '0')}Z`);
}

function filterSql(filter: string): string {
  return (
    'select ev_id::text from unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[], $5::text[], $6::text[], ' +
    '$7::text[], $8::text[], $9::text[], $10::text[]) as event (ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ' +
    `ev_extra1, ev_extra2, ev_extra3, ev_extra4) where (${filter}\n)`
  );
}
