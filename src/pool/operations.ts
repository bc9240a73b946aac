import { isSluiceError } from '../errors/index.ts';
import { consoleDatabase } from './client-startup.ts';
import { applyReload, applySet, type PoolerConfig } from './config/index.ts';
import type { Database } from './database.ts';
import { stopLingering } from './leg.ts';
import type { Listener } from './listener.ts';
import type { Pool } from './pool.ts';
import type { Pooler } from './pooler.ts';
import { Refusal } from './refusal.ts';
import type { Launch } from './takeover/launch.ts';
import type { OtherThreads, SharedOperation } from './threads/other-threads.ts';
import { suspendLegs, resumeLegs } from './suspension.ts';

/** How a pooler ends. */
export type ShutdownMode = 'immediate' | 'wait_for_servers' | 'wait_for_clients';

/** What operations need of whoever runs the pooler. */
export interface OperationsHost {
  readonly listener: Pick<Listener, 'close' | 'closeTcp'>;
  /** Reads the configuration again. @throws what is wrong with it */
  readonly load: () => Promise<PoolerConfig>;
  /** The pooler has served its last: the process may end. */
  readonly onShutdown: () => void;
  /** Threads, or the process before this one, that do all of it, too. */
  readonly others?: Pick<OtherThreads, 'operate'> | undefined;
  /** Starts another process and hands over to it; resolves when that one serves. Absent: it is part of a larger one. */
  readonly handOver?: ((launch: Launch) => Promise<void>) | undefined;
}

/** How often waiting clients are turned away while a shutdown waits for servers. */
const turnAwayMs = 100;

/**
 * What an operator does to a running pooler. The console, signals and gates use the same.
 *
 * A database is null for all of them. Refusals are in pgBouncer's words; those that wait end early when
 * their signal is aborted, with what they changed put back.
 */
export class Operations {
  readonly pooler: Pooler;
  /** How many there were: the number of the one that holds now, if any does. */
  suspensions = 0;
  readonly #host: OperationsHost;
  readonly #hurry = new AbortController();
  #shutdown: Promise<void> | null = null;
  /** One RELOAD or SET after the other: each starts from what the one before it left. */
  #lastChange: Promise<void> = Promise.resolve();

  constructor(pooler: Pooler, host: OperationsHost) {
    this.pooler = pooler;
    this.#host = host;
  }

  /**
   * Servers get no new work; resolves when all of them are closed. Each is closed when its client has
   * left it, as the pool mode says: after the statement, the transaction, or the session.
   *
   * @throws Refusal  also when RESUME comes before that
   */
  async pause(name: string | null, signal?: AbortSignal): Promise<void> {
    const there = this.#alsoThere('pause', [name], signal);
    await both(this.#pauseHere(name, signal), there);
  }

  async #pauseHere(name: string | null, signal?: AbortSignal): Promise<void> {
    const paused: { isPaused: boolean } =
      name === null ? this.pooler : this.#database(name, 'pause');
    this.#checkRunning();
    const isFirst = !paused.isPaused;
    paused.isPaused = true;
    const databases = this.#databases(name);
    try {
      await this.pooler.changes.until(() => {
        if (!paused.isPaused) return true;
        closeIdle(databases(), 'pause mode');
        return databases().every(({ serverCount }) => serverCount === 0);
      }, signal);
    } catch (error) {
      if (isFirst) this.#unpause(paused, name);
      throw error;
    }
    if (!paused.isPaused) throw new Refusal('08P01', 'resumed before all servers were released');
  }

  /** @throws Refusal  it is not paused */
  resume(name: string | null): void {
    this.#tellThere('resume', [name]);
    if (name !== null) {
      const database = this.#find(name);
      if (database?.isPaused !== true) throw new Refusal('08P01', `database ${name} is not paused`);
      this.#unpause(database, name);
      return;
    }
    if (!this.pooler.isPaused && !this.pooler.isSuspended) {
      throw new Refusal('08P01', 'pooler is not paused/suspended');
    }
    if (this.pooler.isSuspended) {
      this.pooler.isSuspended = false;
      resumeLegs(this.pooler);
    }
    this.#unpause(this.pooler, null);
  }

  /** Whether everything is paused. */
  get isPaused(): boolean {
    return this.pooler.isPaused;
  }

  /** New clients are refused; those that are connected go on. */
  disable(name: string): void {
    this.#tellThere('disable', [name]);
    this.#database(name, 'disable').isDisabled = true;
  }

  enable(name: string): void {
    this.#tellThere('enable', [name]);
    this.#database(name, 'disable').isDisabled = false;
  }

  /** Every server is closed once it is free, and new ones are opened as they are needed. */
  reconnect(name: string | null): void {
    this.#tellThere('reconnect', [name]);
    if (name !== null) this.#database(name, 'reconnect');
    for (const database of this.#databases(name)()) this.pooler.reconnect(database);
  }

  /** Resolves when the servers are closed that RECONNECT or RELOAD wants closed now. */
  async waitClose(name: string | null, signal?: AbortSignal): Promise<void> {
    const there = this.#alsoThere('waitClose', [name], signal);
    await both(this.#waitCloseHere(name, signal), there);
  }

  async #waitCloseHere(name: string | null, signal?: AbortSignal): Promise<void> {
    if (name !== null) this.#database(name, 'wait in');
    const closing = this.#databases(name)()
      .flatMap(({ pools }) => [...pools.values()])
      .flatMap(({ servers }) => [...servers].filter(({ closeReason }) => closeReason !== null));
    await this.pooler.changes.until(() => closing.every(({ state }) => state === 'closed'), signal);
  }

  /** Drops clients and servers at once, and pauses the database; without a name each one, by itself. */
  kill(name: string | null): void {
    this.#tellThere('kill', [name]);
    if (name !== null) this.#database(name, 'kill');
    this.#checkRunning();
    for (const database of this.#databases(name)()) {
      database.isPaused = true;
      this.#drop(database, 'database removed');
    }
  }

  /** @param id  as SHOW CLIENTS tells it. @throws Refusal  there is no such client */
  killClient(id: number): void {
    const reason = 'admin forced disconnect';
    for (const { clients, servers } of this.pooler.pools) {
      const client = [...clients].find((known) => known.id === id);
      if (client === undefined) continue;
      const server = [...servers].find((known) => known.client === client);
      client.fail('08P01', reason);
      server?.close(reason);
      return;
    }
    for (const pipe of this.pooler.pipes) if (pipe.facts.clientId === id) return pipe.destroy();
    if (this.#host.others === undefined) throw new Refusal('08P01', 'client not found');
    this.#tellThere('killClient', [id]);
  }

  /**
   * Nobody is read any more; resolves when nothing is on its way. Connections that are in the middle of
   * a message after `suspend_timeout` are closed.
   */
  async suspend(signal?: AbortSignal): Promise<void> {
    await both(this.#suspendHere(signal), this.#alsoThere('suspend', [], signal));
  }

  async #suspendHere(signal?: AbortSignal): Promise<void> {
    this.#checkRunning();
    this.pooler.isSuspended = true;
    this.suspensions++;
    try {
      await suspendLegs(this.pooler, signal);
    } catch (error) {
      this.resume(null);
      throw error;
    }
  }

  /**
   * Hands everything to a new process, which this one starts, and ends when nobody is left here.
   *
   * @returns resolved when the new one serves. @throws Refusal  it cannot be; everything goes on as before
   */
  async handOver(launch: Launch): Promise<void> {
    this.#checkRunning();
    if (this.#shutdown !== null) throw new Refusal('08P01', 'already shutting down');
    if (this.pooler.threadCount > 1) {
      throw new Refusal('0A000', 'the running process has several workers');
    }
    if (this.#host.handOver === undefined) {
      throw new Refusal('0A000', 'the running process is not only a pooler');
    }
    await this.#host.handOver(launch);
  }

  /**
   * Loads the configuration and puts it in force.
   *
   * @throws Refusal  F0000: it is bad or what it names cannot be read; everything stays as it is
   */
  reload(): Promise<void> {
    return this.#change(async () => {
      try {
        const config = applyReload(this.pooler.config, await this.#host.load());
        await this.pooler.configure(config);
        for (const warning of config.warnings) this.pooler.log.warn('reload', { warning });
        this.pooler.log.info('the configuration was read again');
        await this.#alsoThere('reload', []);
      } catch (error) {
        this.pooler.log.error('RELOAD failed: the configuration stays as it is', { error });
        const why = error instanceof Error ? error.message : String(error);
        throw new Refusal('F0000', 'RELOAD failed, see logs for additional details', why);
      }
    });
  }

  /** Changes one setting until the next RELOAD. @throws Refusal  there is none of that name, or not of that value */
  set(key: string, value: string): Promise<void> {
    return this.#change(async () => {
      try {
        await this.pooler.configure(applySet(this.pooler.config, key, value));
        await this.#alsoThere('set', [key, value]);
      } catch (error) {
        if (!isSluiceError(error)) throw error;
        throw new Refusal('08P01', 'SET failed', error.message);
      }
    });
  }

  /**
   * Ends the pooler. New clients are refused at once; the console stays reachable over the Unix socket.
   *
   * @returns resolved when it has ended. A second call with `immediate` hurries the first.
   * @throws Refusal  it is shutting down already
   */
  shutdown(mode: ShutdownMode): Promise<void> {
    // The process ends when all of them have.
    const there = this.#alsoThere('shutdown', [mode]).catch((error: unknown) => {
      this.pooler.log.error('a thread did not shut down', { error });
    });
    return Promise.all([this.#shutdownHere(mode, there), there]).then(() => undefined);
  }

  #shutdownHere(mode: ShutdownMode, there: Promise<void>): Promise<void> {
    if (this.#shutdown === null) {
      this.#shutdown = this.#shutDown(mode, there);
    } else if (mode === 'immediate') {
      this.#hurry.abort();
    } else {
      throw new Refusal('08P01', 'already shutting down');
    }
    return this.#shutdown;
  }

  /** Which way it is ending; for a second signal. */
  get isShuttingDown(): boolean {
    return this.#shutdown !== null;
  }

  async #shutDown(mode: ShutdownMode, there: Promise<void>): Promise<void> {
    const { pooler } = this;
    pooler.log.info('shutting down', { mode });
    pooler.admission = 'draining';
    await this.#host.listener.closeTcp();
    const turningAway = setInterval(() => this.#turnAway(), turnAwayMs);
    try {
      if (mode === 'wait_for_servers') await this.#untilServersReleased();
      if (mode === 'wait_for_clients') await this.#untilClientsLeft();
    } catch (error) {
      if (!this.#hurry.signal.aborted) throw error;
    } finally {
      clearInterval(turningAway);
    }
    for (const database of pooler.databases.values()) {
      this.#drop(database, 'pooler is shutting down');
    }
    stopLingering();
    await this.#host.listener.close();
    await there;
    pooler.log.info('shut down');
    this.#host.onShutdown();
  }

  /** Clients that would wait for ever, because all or their database is paused. */
  #turnAway(): void {
    for (const pool of this.pooler.pools) {
      if (!pool.isPaused) continue;
      pool.turnAway(new Refusal('57P01', 'server shutting down'));
    }
  }

  #untilServersReleased(): Promise<void> {
    const databases = this.#databases(null);
    return this.pooler.changes.until(() => {
      this.pooler.isPaused = true; // whatever RESUME says
      closeIdle(databases(), 'pooler is shutting down');
      return databases().every(({ serverCount }) => serverCount === 0);
    }, this.#hurry.signal);
  }

  #untilClientsLeft(): Promise<void> {
    const { pooler } = this;
    const isEmpty = (): boolean =>
      pooler.clients.size === 0 &&
      pooler.pipes.size === 0 &&
      [...pooler.handshakes].every(({ database }) => database === consoleDatabase);
    return pooler.changes.until(isEmpty, this.#hurry.signal);
  }

  #drop({ name, pools }: Database<Pool>, reason: string): void {
    for (const pool of pools.values()) {
      for (const server of pool.servers) server.closeReason ??= reason;
      for (const client of pool.clients) client.fail('08P01', reason);
      for (const server of pool.servers) server.close(reason);
      pool.hub.close();
    }
    for (const pipe of this.pooler.pipes) if (pipe.facts.database === name) pipe.destroy();
  }

  #alsoThere(
    operation: SharedOperation,
    args: readonly (string | number | null)[],
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#host.others?.operate(operation, args, signal) ?? Promise.resolve();
  }

  /** What is done at once; the others get it before anything that is asked of them later. */
  #tellThere(operation: SharedOperation, args: readonly (string | number | null)[]): void {
    this.#alsoThere(operation, args).catch((error: unknown) => {
      this.pooler.log.warn('another thread refused', { operation, error });
    });
  }

  #change(make: () => Promise<void>): Promise<void> {
    const change = this.#lastChange.then(make);
    this.#lastChange = change.catch(() => undefined);
    return change;
  }

  #unpause(paused: { isPaused: boolean }, name: string | null): void {
    paused.isPaused = false;
    for (const { pools } of this.#databases(name)()) {
      for (const pool of pools.values()) pool.serveWaiting();
    }
    this.pooler.changes.tell();
  }

  #checkRunning(): void {
    if (this.pooler.isPaused || this.pooler.isSuspended) {
      throw new Refusal('08P01', 'already suspended/paused');
    }
  }

  /** Asked again each time: an automatic database may appear while an operation waits. */
  #databases(name: string | null): () => Database<Pool>[] {
    return () => {
      if (name === null) return [...this.pooler.databases.values()];
      const database = this.pooler.databases.get(name);
      return database === undefined ? [] : [database];
    };
  }

  /** @throws Refusal  it does not exist, or is the console's */
  #database(name: string, verb: string): Database<Pool> {
    const database = this.#find(name);
    if (database === null) throw new Refusal('08P01', `cannot ${verb} admin db: ${name}`);
    return database;
  }

  /** @returns null for the console's own */
  #find(name: string): Database<Pool> | null {
    if (name === consoleDatabase) return null;
    const database = this.pooler.databases.lookUp(name);
    if (database === undefined) throw new Refusal('08P01', `no such database: ${name}`);
    return database;
  }
}

function closeIdle(databases: readonly Database<Pool>[], reason: string): void {
  for (const { pools } of databases) {
    for (const pool of pools.values()) {
      for (const server of pool.idle) server.close(reason);
    }
  }
}

/** Both are waited for, so that nothing goes on behind an error. @throws the first one's, else the second one's */
async function both(here: Promise<void>, there: Promise<void>): Promise<void> {
  for (const result of await Promise.allSettled([here, there])) {
    if (result.status === 'rejected') throw result.reason;
  }
}
