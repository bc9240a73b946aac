import type { Consoles } from '../console/index.ts';
import type { SharedSocket } from '../listener.ts';
import { isListeningHandle } from '../leg.ts';
import type { Operations } from '../operations.ts';
import type { Pooler } from '../pooler.ts';
import { beginGeneration } from '../statements.ts';
import { Calls } from '../threads/calls.ts';
import type { OtherThreads, SharedOperation, ThreadReport } from '../threads/other-threads.ts';
import { packConfig } from '../threads/pack-config.ts';
import { Adoption } from './adoption.ts';
import { ProcessLine, type Given } from './line.ts';
import type { Begun, Held, HeldCount, OverAsked } from './questions.ts';

/** How old a report may be. */
const reportMs = 1_000;

/** The pooler of this process, once there is one. */
interface Successor {
  readonly pooler: Pooler;
  readonly consoles: Consoles;
  readonly operations: Operations;
}

/**
 * The process that this one takes over from. For as long as it has clients it is to operations, the console and
 * cancel requests what another thread would be, and what it has counts towards the limits here.
 */
export class Predecessor implements OtherThreads {
  reports: readonly ThreadReport[] = [];
  readonly #line: ProcessLine;
  readonly #calls: Calls;
  readonly #sockets: SharedSocket[] = [];
  readonly #heldServers = new Map<string, number>();
  readonly #heldClients = new Map<string, number>();
  #isFollowing = false;
  #timer: NodeJS.Timeout | null = null;
  #begun: Begun | null = null;
  #successor: Successor | null = null;
  #adoption: Adoption | null = null;

  constructor(line: ProcessLine) {
    this.#line = line;
    this.#calls = new Calls(line, {
      held: (held: Held) => {
        this.#hold(held);
        return Promise.resolve();
      },
      over: (over: OverAsked) => this.#onOver(over),
    });
    line.onGiven((given, handle) => this.#take(given, handle));
    line.onCut(() => this.#onGone());
  }

  /** The one that has started this process. */
  static ofProcess(): Predecessor {
    return new Predecessor(new ProcessLine(process));
  }

  get isThere(): boolean {
    return this.#line.isOpen;
  }

  /** It is there, and this process answers for it. Before, what is done here is no business of it. */
  get isFollowing(): boolean {
    return this.#isFollowing && this.isThere;
  }

  /** Its listening sockets. */
  async begin(): Promise<readonly SharedSocket[]> {
    this.#begun = await this.#calls.ask<Begun>('begin', null);
    beginGeneration(this.#begun.generation);
    return this.#sockets;
  }

  /** Before anybody is let in here. */
  attach(successor: Successor): void {
    const begun = this.#begun;
    if (begun === null) throw new Error('it has not begun');
    const { pooler, consoles } = successor;
    this.#successor = successor;
    this.#adoption = new Adoption(pooler, {
      onClient: (database, user) => {
        const which = { database, user };
        const change = (by: number): void => countClients(pooler, which, by);
        return arrival(this.#heldClients, which, change);
      },
      onServer: (database, user) => {
        const which = { database, user };
        const change = (by: number): void => countServers(pooler, which, by);
        return arrival(this.#heldServers, which, change);
      },
    });
    pooler.countFrom(begun.numbers);
    pooler.cancels.elsewhere = (pid, key) => this.#cancel(pid, key);
    consoles.others = this;
    for (const name of begun.paused) setOf(pooler, name, { isPaused: true });
    for (const name of begun.disabled) setOf(pooler, name, { isDisabled: true });
    this.#hold(begun.held);
    pooler.log.info('taking over', { from: begun.pid });
  }

  /** It leaves its pidfile and its port for metrics to this process. */
  async release(): Promise<void> {
    await this.#calls.ask('release', null);
  }

  /** This process serves: the other one listens no more, and gives what it has. */
  async ready(taken: readonly string[]): Promise<void> {
    await this.#calls.ask('ready', { taken });
    this.#isFollowing = true;
    await this.refresh();
    this.#successor?.consoles.statistics.begin();
    this.#timer = setInterval(() => void this.refresh(), reportMs);
    this.#timer.unref();
  }

  /** Nothing is taken from it any more: this process is at its end. */
  close(): void {
    this.#line.close();
  }

  async operate(
    operation: SharedOperation,
    args: readonly (string | number | null)[],
    signal?: AbortSignal,
  ): Promise<void> {
    const { pooler } = this.#successor ?? {};
    if (!this.isFollowing || pooler === undefined) return;
    const config = operation === 'reload' ? packConfig(pooler.config) : null;
    await this.#calls.ask('operate', { operation, args, config }, signal);
  }

  async refresh(): Promise<void> {
    if (!this.isThere) return;
    const report = await this.#calls.ask<ThreadReport>('report', null).catch(() => null);
    // It may have gone meanwhile, and left its last one.
    if (report !== null && this.isThere) this.reports = [report];
  }

  async #cancel(pid: number, key: Buffer): Promise<void> {
    if (!this.isThere) return;
    await this.#calls.ask('cancel', { pid, key: key.toString('hex') }).catch(() => undefined); // gone, and its clients with it
  }

  #take(given: Given, handle: unknown): void {
    if (given.what !== 'socket') this.#adoption?.take(given, handle);
    else if (isListeningHandle(handle)) {
      this.#sockets.push({ asked: given.asked, place: given.place, handle });
    }
  }

  async #onOver({ report, past }: OverAsked): Promise<void> {
    await this.#adoption?.settled;
    this.#successor?.pooler.pastTraffic.add(past);
    // What it has counted is not forgotten; who is connected to it, there is nobody.
    this.reports = [{ ...report, shows: new Map() }];
  }

  #onGone(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#calls.end();
    this.#hold({ servers: [], clients: [] });
    this.reports = this.reports.map((report) => ({ ...report, shows: new Map() }));
    this.#successor?.pooler.log.info('the process before this one has ended');
  }

  /** Counts what the other process has as if it were here. */
  #hold({ servers, clients }: Held): void {
    const { pooler } = this.#successor ?? {};
    if (pooler === undefined) return;
    update(this.#heldServers, servers, (which, by) => countServers(pooler, which, by));
    if (clients !== null) {
      update(this.#heldClients, clients, (which, by) => countClients(pooler, which, by));
    }
    for (const pool of pooler.pools) pool.serveWaiting();
    pooler.changes.tell();
  }
}

interface Place {
  readonly database: string;
  readonly user: string;
}

function keyOf({ database, user }: Place): string {
  return `${database}\0${user}`;
}

function placeOf(key: string): Place {
  const [database = '', user = ''] = key.split('\0');
  return { database, user };
}

function update(
  known: Map<string, number>,
  told: readonly HeldCount[],
  change: (which: Place, by: number) => void,
): void {
  const counts = new Map(told.map((one) => [keyOf(one), one.count]));
  for (const key of new Set([...known.keys(), ...counts.keys()])) {
    change(placeOf(key), (counts.get(key) ?? 0) - (known.get(key) ?? 0));
  }
  known.clear();
  for (const [key, count] of counts) known.set(key, count);
}

/** It is on its way from there to here, and counted all the time. @returns when it is counted here */
function arrival(
  held: Map<string, number>,
  which: Place,
  change: (by: number) => void,
): () => void {
  const count = held.get(keyOf(which)) ?? 0;
  if (count > 0) held.set(keyOf(which), count - 1);
  else change(1);
  return () => change(-1);
}

function countServers({ limits }: Pooler, { database, user }: Place, by: number): void {
  limits.serversOfPool(database, user).add(by);
  limits.serversOfDatabase(database).add(by);
  limits.serversOfUser(user).add(by);
}

function countClients({ limits }: Pooler, { database, user }: Place, by: number): void {
  limits.clients.add(by);
  limits.clientsOfDatabase(database).add(by);
  limits.clientsOfUser(user).add(by);
}

function setOf(
  pooler: Pooler,
  name: string,
  state: { isPaused?: boolean; isDisabled?: boolean },
): void {
  const database = pooler.databases.lookUp(name);
  if (database !== undefined) Object.assign(database, state);
}
