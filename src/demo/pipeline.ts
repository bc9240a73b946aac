import {
  checkReplication,
  compareReplication,
  Replication,
  type CompareReport,
  type ReplicationStatus,
} from '../replicate/index.ts';
import {
  blockingFindings,
  systemClock,
  type Log,
  type Metrics,
  type Progress,
  type ProgressTask,
} from '../service/index.ts';
import { Session } from '../session/index.ts';
import { parseLsn } from '../wire/index.ts';
import { LagWatch } from './lag-watch.ts';
import type { DemoServers } from './servers.ts';
import type { Told } from './stages.ts';

export interface PipelineDeps {
  readonly progress: Progress;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Aborts when the demo is interrupted, and when any part of it failed. */
  readonly signal: AbortSignal;
  /** A failure that nothing waits for. */
  readonly fail: (error: unknown) => void;
}

/** A poll of our own memory: costs nothing, and adds less than this to what is measured. */
const pollMs = 10;

/** The engine, used as any program would use it. */
export class DemoPipeline implements AsyncDisposable {
  readonly name = 'shop';
  readonly lag: LagWatch;
  readonly #servers: DemoServers;
  readonly #deps: PipelineDeps;
  readonly #replication: Replication;

  constructor(servers: DemoServers, deps: PipelineDeps) {
    this.#servers = servers;
    this.#deps = deps;
    // What it spills lies in the source's folder, which goes even when we are killed.
    const spill = { directory: servers.source.server.socketDir };
    this.#replication = new Replication({ ...this.#places, spill }, deps);
    this.#replication.finished.catch(deps.fail);
    this.lag = new LagWatch(this.#replication);
  }

  get status(): ReplicationStatus {
    return this.#replication.status();
  }

  /** What can be known before; the engine looks again when it starts, and would not start with what blocks. */
  async check(): Promise<Told<void>> {
    const { signal, progress } = this.#deps;
    const options = { purpose: 'demo check', signal };
    await using source = await Session.connect(this.#places.source, options);
    await using target = await Session.connect(this.#places.target, options);
    const findings = await checkReplication({
      source,
      target,
      pipeline: this.name,
      tables: [],
      tablesWithoutKey: 'refuse',
    });
    for (const { severity, evidence, remedy } of findings)
      progress.note(`  ${severity}: ${evidence}; ${remedy}`);
    const blocking = blockingFindings(findings).length;
    const text = blocking === 0 ? 'nothing stands in the way' : `${blocking} findings block`;
    return { result: undefined, text };
  }

  /** Starts, and resolves when all tables are copied and changes are being applied. */
  async copy(onCopying: () => void): Promise<void> {
    const { signal } = this.#deps;
    this.#replication.start(signal);
    await this.#until(() => this.status.phase === 'copying' || this.status.phase === 'following');
    onCopying();
    await this.#until(() => this.status.phase === 'following');
  }

  /** Resolves when everything that is committed on the source now is committed on the target. */
  async catchUp(task: ProgressTask): Promise<Told<void>> {
    await using source = await Session.connect(this.#places.source, {
      purpose: 'demo',
      signal: this.#deps.signal,
    });
    const { rows } = await source.query('select pg_current_wal_insert_lsn() as position');
    const wanted = String(rows[0]?.['position']);
    this.lag.tell(task);
    await this.#until(() => parseLsn(this.status.position ?? '0/0') >= parseLsn(wanted));
    return { result: undefined, text: `everything up to ${wanted} is applied` };
  }

  /** Every table, on both sides at one position. */
  async compare(): Promise<CompareReport> {
    return await compareReplication(this.#places, this.#deps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lag[Symbol.dispose]();
    await this.#replication.stop();
  }

  get #places(): { source: string; target: string; name: string } {
    const { source, target } = this.#servers;
    return { source: source.url, target: target.url, name: this.name };
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await systemClock.sleep(pollMs, this.#deps.signal);
  }
}
