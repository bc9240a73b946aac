import { escapeLiteral } from 'pg';
import { runSql } from './sql.ts';
import { waitFor } from './wait.ts';

/** PostgreSQL's own logical replication, as an oracle and as the peer of benches. */
export interface NativeOptions {
  /** Connection strings of the superuser on both sides. */
  readonly source: string;
  readonly target: string;
  /** Name of publication, subscription and slot; unique per server. */
  readonly name: string;
  /** Publish these tables only; default all. */
  readonly tables?: readonly string[];
  /** Copy what is there first; default true. */
  readonly copiesData?: boolean;
  readonly isBinary?: boolean;
  /** False makes everything but lets the worker wait for `enableNative`. */
  readonly isEnabled?: boolean;
}

export async function createNative(options: NativeOptions): Promise<void> {
  await publish(options);
  // CREATE SUBSCRIPTION would wait for itself when both databases are on one server: make the slot first.
  const { source, name } = options;
  await runSql(source, `SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
  await subscribe(options);
}

export async function publish({ source, name, tables }: NativeOptions): Promise<void> {
  const what = tables === undefined ? 'ALL TABLES' : `TABLE ${tables.join(', ')}`;
  await runSql(source, `CREATE PUBLICATION ${name} FOR ${what}`);
}

/** Subscribe to a publication and a slot that are there, both called `name`. */
export async function subscribe(options: NativeOptions): Promise<void> {
  const { source, target, name, copiesData = true, isBinary = false, isEnabled = true } = options;
  await runSql(
    target,
    `CREATE SUBSCRIPTION ${name} CONNECTION ${escapeLiteral(conninfo(source))} PUBLICATION ${name}
       WITH (create_slot = false, slot_name = ${name}, copy_data = ${copiesData}, binary = ${isBinary},
             enabled = ${isEnabled})`,
  );
}

export async function enableNative(target: string, name: string): Promise<void> {
  await runSql(target, `ALTER SUBSCRIPTION ${name} ENABLE`);
}

/** Wait until all tables are copied and everything flushed on the source before this call has arrived. */
export async function waitForNative(
  { source, target, name }: NativeOptions,
  timeoutMs = 60_000,
): Promise<void> {
  await waitFor(
    `subscription ${name} to copy its tables`,
    async () => (await one(target, unreadySql)) === '0',
    { timeoutMs },
  );
  const end = await one(source, 'SELECT pg_current_wal_flush_lsn()::text');
  const sql = `SELECT (confirmed_flush_lsn >= '${end}')::text FROM pg_replication_slots WHERE slot_name = '${name}'`;
  await waitFor(
    `subscription ${name} to reach ${end}`,
    async () => (await one(source, sql)) === 'true',
    {
      timeoutMs,
      everyMs: 5,
    },
  );
}

/** Slot and subscription go together. */
export async function unsubscribe(target: string, name: string): Promise<void> {
  await runSql(target, `DROP SUBSCRIPTION IF EXISTS ${name}`);
}

export async function dropNative({ source, target, name }: NativeOptions): Promise<void> {
  await unsubscribe(target, name);
  await runSql(source, `DROP PUBLICATION IF EXISTS ${name}`);
}

const unreadySql = `SELECT count(*)::text FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')`;

async function one(url: string, sql: string): Promise<string> {
  const [row] = await runSql(url, sql);
  return String(Object.values(row ?? {})[0]);
}

function conninfo(url: string): string {
  const { hostname, port, username, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  return `host=${hostname} port=${port} user=${username} dbname='${database}'`;
}
