import {
  Backoff,
  decisionOf,
  isAbort,
  systemClock,
  WorkingService,
  type Clock,
  type Log,
  type Metrics,
  type Progress,
} from '../service/index.ts';
import { isSluiceError } from '../errors/index.ts';
import { parseSide } from '../session/index.ts';
import { attemptPipeline } from './attempt.ts';
import { openConnections } from './connections.ts';
import { pipelineMetrics, type PipelineMetrics } from './metrics.ts';
import type { ReplicationOptions } from './options.ts';
import { Standing, type ReplicationStatus } from './standing.ts';

export interface ReplicationDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly progress: Progress;
  readonly clock?: Clock;
}

/**
 * A pipeline that runs: checks, copies what is not copied yet, follows. Whatever may pass (a lost
 * connection, a restarted server) is tried again from the ledger's position; whatever needs a person ends it.
 */
export class Replication extends WorkingService {
  readonly name: string;
  readonly #options: ReplicationOptions;
  readonly #deps: ReplicationDeps;
  readonly #clock: Clock;
  readonly #standing: Standing;
  readonly #metrics: PipelineMetrics;
  #asText = false;
  #isChecked: boolean;

  constructor(options: ReplicationOptions, deps: ReplicationDeps) {
    super(`replicate.${options.name ?? defaultName(options)}`);
    this.name = options.name ?? defaultName(options);
    this.#options = options;
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    this.#isChecked = options.isChecked ?? false;
    this.#standing = new Standing(
      this.name,
      () => this.#clock.nowMs(),
      (phase) => deps.log.info('the pipeline enters a phase', { phase }),
    );
    this.#metrics = pipelineMetrics(deps.metrics, this.name);
  }

  status(): ReplicationStatus {
    return this.#standing.status();
  }

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const stopObserving = this.#clock.every(1_000, () => this.#metrics.observe(this.#standing));
    const backoff = new Backoff();
    try {
      for (;;) {
        const before = this.#standing.status().position;
        try {
          await this.#attempt(signal, becomeReady);
          this.#standing.enter(signal.aborted ? 'stopped' : 'done');
          return;
        } catch (error) {
          if (signal.aborted && isAbort(error, signal)) throw error;
          if (signal.aborted || !mayPass(error)) {
            this.#standing.enter('stopped', error);
            throw error;
          }
          this.#asText ||= isSluiceError(error, 'REPLICATE_TEXT_NEEDED');
          if (this.#standing.status().position !== before) backoff.reset();
          await this.#wait(error, backoff.nextDelayMs(), signal);
        }
      }
    } finally {
      if (signal.aborted && this.#standing.phase !== 'stopped') this.#standing.enter('stopped');
      stopObserving();
      this.#metrics.end();
    }
  }

  async #wait(error: unknown, delayMs: number, signal: AbortSignal): Promise<void> {
    this.#standing.enter('waiting', error);
    this.#deps.log.warn('the pipeline lost its footing and starts again', { error, delayMs });
    await this.#clock.sleep(delayMs, signal);
    this.#standing.enter('starting');
  }

  async #attempt(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const { log, progress } = this.#deps;
    const connections = await openConnections({
      source: this.#options.source,
      target: this.#options.target,
      name: this.name,
      synchronousCommit: this.#options.synchronousCommit ?? 'off',
      log,
      signal,
      onStandby: () => this.#standing.enter('standby'),
    });
    try {
      await attemptPipeline({
        options: this.#options,
        name: this.name,
        connections,
        log,
        progress,
        metrics: this.#metrics,
        clock: this.#clock,
        standing: this.#standing,
        isChecked: this.#isChecked,
        asText: this.#asText,
        signal,
        becomeReady,
      });
    } finally {
      this.#isChecked = false; // the world may be another at the next attempt
      await connections.close();
    }
  }
}

/** `shop_to_shop2`: the databases' names. */
export function defaultName(options: Pick<ReplicationOptions, 'source' | 'target'>): string {
  const source = parseSide('source', options.source).database;
  const target = parseSide('target', options.target).database;
  return `${source}_to_${target}`;
}

function mayPass(error: unknown): boolean {
  const decision = decisionOf(error);
  return decision === 'retry' || decision === 'reconnect';
}
