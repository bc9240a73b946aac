import type { GateTarget } from '../service/index.ts';
import { consoleDatabase } from './client-startup.ts';
import type { DatabaseEntry, PoolerConfig } from './config/index.ts';
import { Database } from './database.ts';
import type { Pool } from './pool.ts';
import { Refusal } from './refusal.ts';
import type { ServerConnection } from './server-connection.ts';

/** Where a gate has led a database, and what the configuration said about it then. */
interface Redirect {
  readonly target: GateTarget;
  readonly fileEntry: DatabaseEntry | null;
}

/** The databases that clients may ask for, by name: those of the configuration, and those made from `*`. */
export class Databases {
  readonly #byName = new Map<string, Database<Pool>>();
  readonly #redirects = new Map<string, Redirect>();
  #config: PoolerConfig;

  constructor(config: PoolerConfig) {
    this.#config = config;
  }

  get size(): number {
    return this.#byName.size;
  }

  values(): IterableIterator<Database<Pool>> {
    return this.#byName.values();
  }

  /** Undefined: nobody has asked for it yet, or there is none. */
  get(name: string): Database<Pool> | undefined {
    return this.#byName.get(name);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  /** Also one that is made from `*` because it was asked for. */
  lookUp(name: string): Database<Pool> | undefined {
    const known = this.#preview(name);
    if (known !== undefined) this.#byName.set(name, known);
    return known;
  }

  /** @throws Refusal  there is none, or it is disabled */
  find(name: string): Database<Pool> {
    const known = usable(name, this.lookUp(name));
    known.usedAtMs = Date.now();
    return known;
  }

  /** For those who have not logged in yet: one that would be made from `*` is not remembered. @throws Refusal */
  findForLogin(name: string): Database<Pool> {
    return usable(name, this.#preview(name));
  }

  /** Where servers of a database are. @throws Refusal */
  placeOf(name: string): GateTarget {
    const { entry, serverName } = this.find(name);
    return { host: entry.hosts.join(','), port: entry.port, database: serverName };
  }

  /** From the next `configure` on, until the configuration says something new about it. @throws Refusal */
  redirect(name: string, target: GateTarget): void {
    this.find(name);
    this.#redirects.set(name, { target, fileEntry: this.#entryOf(name) });
  }

  /** Takes over what the configuration says now: new ones, changed ones, and those that are gone. */
  configure(config: PoolerConfig): void {
    this.#config = config;
    const names = new Set([...config.databases.keys(), ...this.#byName.keys()]);
    names.delete('*');
    for (const name of names) {
      const entry = this.#entryOf(name);
      if (entry === null) this.#drop(name);
      else this.#configure(this.#redirected(entry), !config.databases.has(name));
    }
  }

  #preview(name: string): Database<Pool> | undefined {
    const known = this.#byName.get(name);
    if (known !== undefined) return known.isGone ? undefined : known;
    const entry = this.#entryOf(name);
    if (entry === null || name === consoleDatabase) return undefined;
    return new Database<Pool>(name, entry, true);
  }

  /** What the configuration says about it, be it by `*`. */
  #entryOf(name: string): DatabaseEntry | null {
    const { databases } = this.#config;
    const automatic = databases.get('*');
    return databases.get(name) ?? (automatic === undefined ? null : { ...automatic, name });
  }

  #redirected(entry: DatabaseEntry): DatabaseEntry {
    const redirect = this.#redirects.get(entry.name);
    if (redirect === undefined) return entry;
    if (redirect.fileEntry === null || isElsewhere(redirect.fileEntry, entry)) {
      this.#redirects.delete(entry.name);
      return entry;
    }
    const { host, port, database } = redirect.target;
    return { ...entry, hosts: host === '' ? [] : host.split(','), port, dbname: database };
  }

  #configure(entry: DatabaseEntry, isAutomatic: boolean): void {
    const known = this.#byName.get(entry.name);
    if (known === undefined) {
      this.#byName.set(entry.name, new Database<Pool>(entry.name, entry, isAutomatic));
      return;
    }
    known.isAutomatic = isAutomatic;
    known.isGone = false;
    const isFast = this.#config.settings.server_fast_close;
    if (isElsewhere(known.entry, entry)) retire(known, 'database configuration changed', isFast);
    known.entry = entry;
  }

  #drop(name: string): void {
    const database = this.#byName.get(name);
    if (database === undefined) return;
    database.isGone = true;
    retire(database, 'database removed', this.#config.settings.server_fast_close);
    for (const pool of database.pools.values()) {
      for (const client of pool.clients) client.fail('08P01', 'database removed');
    }
    if (database.serverCount === 0 && database.clientCount === 0) this.#byName.delete(name);
  }
}

/** @throws Refusal  there is none, or it is disabled */
function usable(name: string, database: Database<Pool> | undefined): Database<Pool> {
  if (database === undefined) throw new Refusal('3D000', `no such database: ${name}`);
  if (database.isDisabled) throw new Refusal('08P01', `database "${name}" is disabled`);
  return database;
}

/**
 * Every server of the database is closed once it is free.
 *
 * @param isFast  also between the transactions of a session
 */
export function retire(database: Database<Pool>, reason: string, isFast: boolean): void {
  for (const pool of database.pools.values()) {
    pool.retirements++;
    pool.failure = null;
    pool.welcome = null;
    pool.hub.expire();
    for (const server of pool.servers) retireServer(server, reason, isFast);
  }
}

/** It is closed once it is free. @param isFast  also between the transactions of a session */
export function retireServer(server: ServerConnection, reason: string, isFast: boolean): void {
  server.closeReason ??= reason;
  if (server.state === 'idle' || (isFast && server.isFree)) server.close(reason);
}

/** What a server is reached by or logs in with has changed: those there are of no more use. */
function isElsewhere(before: DatabaseEntry, after: DatabaseEntry): boolean {
  return placeKey(before) !== placeKey(after);
}

/** Equal for two entries whose servers are the same. Holds a secret. */
export function placeKey(entry: DatabaseEntry): string {
  return JSON.stringify([
    entry.dbname,
    entry.hosts,
    entry.port,
    entry.user,
    entry.password?.reveal() ?? null,
    entry.tls,
    entry.connectQuery,
    entry.targetSessionAttrs,
    entry.parameters,
  ]);
}
