import { installScript, WalQueue, type WalQueueOptions } from '../../../src/queue/index.ts';
import { Metrics, silentLog } from '../../../src/service/index.ts';
import { waitFor, type TestDatabase, type TestServer } from '../../kit/index.ts';

/** A source with the queue `orders` in its WAL, and a target. */
export interface Databases {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
}

export async function walDatabases(server: TestServer, other = server): Promise<Databases> {
  const source = await server.database(installScript());
  const target = await other.database(installScript());
  await source.query("select pgq.create_wal_queue('orders')");
  return { source, target };
}

export function followed(
  { source, target }: Databases,
  options: Partial<WalQueueOptions> = {},
): WalQueue {
  return new WalQueue(
    { queue: 'orders', source: source.url, target: target.url, ...options },
    { log: silentLog, metrics: new Metrics() },
  );
}

/** Takes over what is there now, and ends. */
export async function moveAll(
  databases: Databases,
  options: Partial<WalQueueOptions> = {},
): Promise<WalQueue> {
  const queue = followed(databases, { ...options, once: true });
  queue.start();
  await queue.finished;
  return queue;
}

/** In the order of their numbers, which is that of the target's inserts. */
export async function eventsOf({ target }: Databases, queue = 'orders'): Promise<string[]> {
  const id = await target.value<number | null>(
    '(select queue_id from pgq.queue where queue_name = $1 union all select null) limit 1',
    [queue],
  );
  if (id === null) return [];
  const rows = await target.rows(`select ev_data from pgq.event_${id} order by ev_id`);
  return rows.map((row) => String(row['ev_data']));
}

/** Removes what a test's queue made on the source, once the server has noticed that its process was killed. */
export async function removeSlots({ source }: Databases): Promise<void> {
  const own = "from pg_replication_slots where slot_name like 'sluice_queue_%'";
  await waitFor('the slots to be let go', () =>
    source.value<boolean>(`select count(*) filter (where active) = 0 ${own}`),
  );
  await source.query(`select pg_drop_replication_slot(slot_name) ${own}`);
}
