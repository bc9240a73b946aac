import type { ChildProcess } from 'node:child_process';
import type { Consoles } from '../console/index.ts';
import type { PoolerConfig } from '../config/index.ts';
import type { Listener } from '../listener.ts';
import type { Operations } from '../operations.ts';
import { Refusal } from '../refusal.ts';
import { currentGeneration } from '../statements.ts';
import { operate, reportOfAll } from '../threads/answers.ts';
import { Calls } from '../threads/calls.ts';
import type { CancelAsked } from '../threads/other-threads.ts';
import { unpackConfig } from '../threads/pack-config.ts';
import { launch, type Launch } from './launch.ts';
import { ProcessLine } from './line.ts';
import { Moving } from './moving.ts';
import type { Begun, OperateAsked, OverAsked, ReadyAsked } from './questions.ts';

/** What a process has beside its pooler that only one of two can have: a pidfile, a port for metrics. */
export interface ProcessParts {
  /** The new process is about to take them. */
  release(): Promise<void>;
  /** It has not come to it. */
  reclaim(): Promise<void>;
}

/** A pooler that hands over. */
export interface HandOverHost {
  readonly operations: Operations;
  readonly consoles: Consoles;
  readonly listener: Listener;
  readonly parts: ProcessParts;
  /** A configuration that the new process has read for both. */
  useConfig(config: PoolerConfig): void;
  /** Whether a process that this one has taken over from still has clients. */
  hasPredecessor(): boolean;
  /** Nobody is left here. */
  onOver(): void;
  /** The new process has ended: another one may be started. */
  onFailed(): void;
}

/**
 * A pooler handed over to a new process, which this one starts:
 *
 *     new                                 this one
 *      | begin  ---------------------------> | gives its listening sockets, which both listen on from now on
 *      | release --------------------------> | leaves pidfile and metrics to it
 *      | ready  ---------------------------> | listens no more
 *      | <------------- clients and servers  | each when it is at rest
 *      | cancel, operate, report ----------> | for those that are still here
 *      | <--------------------------- over   | ends
 *
 * Until `ready` nothing is lost when the new process fails: this one goes on as before.
 */
export class HandOver {
  readonly #host: HandOverHost;
  readonly #child: ChildProcess;
  readonly #line: ProcessLine;
  readonly #calls: Calls;
  readonly #moving: Moving;
  readonly #ready = Promise.withResolvers<void>();
  #stage: 'starting' | 'released' | 'moving' | 'over' = 'starting';

  constructor(host: HandOverHost, asked: Launch) {
    const { operations, consoles } = host;
    const { pooler } = operations;
    this.#host = host;
    this.#child = launch(asked);
    this.#line = new ProcessLine(this.#child);
    this.#moving = new Moving({
      pooler,
      line: this.#line,
      tellHeld: (held) => this.#calls.ask('held', held),
      isNeeded: () => host.hasPredecessor(),
    });
    this.#calls = new Calls(this.#line, {
      begin: () => this.#begin(),
      release: () => this.#release(),
      ready: (asked: ReadyAsked) => this.#onReady(asked),
      operate: ({ operation, args, config }: OperateAsked, signal) => {
        if (config !== null) host.useConfig(unpackConfig(config));
        return operate(operations, operation, args, signal);
      },
      cancel: ({ pid, key }: CancelAsked) => pooler.cancels.cancel(pid, Buffer.from(key, 'hex')),
      report: async () => {
        await consoles.others?.refresh();
        return reportOfAll(consoles);
      },
    });
    this.#child.once('error', (error) => void this.#onEnd(error.message));
    this.#child.once('exit', (code, signal) => void this.#onEnd(signal ?? `exit code ${code}`));
  }

  /** Resolves when the new process serves. @throws Refusal  it has ended before that */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  async #begin(): Promise<Begun> {
    const { pooler } = this.#host.operations;
    const sockets = this.#host.listener.share();
    if (sockets === null) throw new Refusal('0A000', 'this Node does not give its sockets away');
    const giving = sockets.map(({ asked, place, handle }) =>
      this.#line.give({ what: 'socket', asked, place }, handle),
    );
    await Promise.all(giving);
    const { clientId, serverId } = pooler.lastNumbers;
    // Whoever is let in here from now on has come before; each may need a server of its own.
    const most = pooler.settings.max_client_conn;
    const databases = [...pooler.databases.values()];
    return {
      pid: process.pid,
      generation: currentGeneration() + 1,
      numbers: { clientId: clientId + most, serverId: serverId + most },
      paused: databases.filter(({ isPaused }) => isPaused).map(({ name }) => name),
      disabled: databases.filter(({ isDisabled }) => isDisabled).map(({ name }) => name),
      held: this.#moving.begin(),
    };
  }

  async #release(): Promise<void> {
    this.#stage = 'released';
    await this.#host.parts.release();
  }

  async #onReady({ taken }: ReadyAsked): Promise<void> {
    const { listener, operations } = this.#host;
    this.#stage = 'moving';
    await listener.leave(taken);
    operations.pooler.log.info('another process has taken over', { by: this.#child.pid });
    this.#ready.resolve();
    void this.#move();
  }

  async #move(): Promise<void> {
    const { log } = this.#host.operations.pooler;
    try {
      await this.#moving.run();
      if (this.#stage === 'moving') await this.#finish();
    } catch (error) {
      // When the other process has gone, its end says so.
      log.error('the handing over was interrupted', { error });
    }
  }

  async #finish(): Promise<void> {
    this.#stage = 'over';
    const { consoles, operations } = this.#host;
    const { pooler } = operations;
    await consoles.others?.refresh();
    const over: OverAsked = { report: reportOfAll(consoles), past: pooler.pastTraffic };
    await this.#calls.ask('over', over).catch(() => undefined); // it has gone: there is nobody to tell
    pooler.log.info('everything is handed over', this.#moving.moved);
    this.#line.close();
    this.#child.unref();
    this.#host.onOver();
  }

  /** The new process has gone. Unless this one is done, it goes on. */
  async #onEnd(how: string): Promise<void> {
    const stage = this.#stage;
    this.#calls.end();
    if (stage === 'over') return;
    this.#stage = 'over';
    this.#moving.stop();
    this.#host.onFailed();
    const { operations, listener, parts } = this.#host;
    const { log } = operations.pooler;
    if (!operations.isShuttingDown) {
      log.error('the process that was to take over has ended: this one goes on', { how });
      try {
        if (stage === 'moving') await listener.open();
        if (stage !== 'starting') await parts.reclaim();
      } catch (error) {
        log.error('what the other process had cannot be taken back', { error });
      }
    }
    const reason = `the new process ended before it served clients (${how})`;
    this.#ready.reject(new Refusal('08P01', reason));
  }
}
