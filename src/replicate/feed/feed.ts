import { SluiceError } from '../../errors/index.ts';
import {
  Backoff,
  blockingFindings,
  decisionOf,
  isAbort,
  systemClock,
  WorkingService,
  type Clock,
  type Finding,
} from '../../service/index.ts';
import { Session } from '../../session/index.ts';
import type { Sink } from '../../sink/index.ts';
import type { FollowOptions } from '../follow/following.ts';
import { pipelineMetrics, type PipelineMetrics } from '../metrics.ts';
import type { ReplicationDeps } from '../replication.ts';
import { Standing, type ReplicationStatus } from '../standing.ts';
import { checkFeed } from './check-feed.ts';
import { attemptFeed } from './feed-attempt.ts';

/** One pipeline into a sink: which tables of which database, and who keeps the position. */
export interface FeedOptions extends Pick<
  FollowOptions,
  'source' | 'positions' | 'name' | 'tables' | 'tablesWithoutKey' | 'spill'
> {
  /** Follow to where the source is when following begins, and finish. */
  readonly once?: boolean | undefined;
  /** The check has been made and blocks nothing: the first attempt leaves it out. */
  readonly isChecked?: boolean | undefined;
}

/**
 * A pipeline whose target is a sink: the changes of a database as messages, from where the last run ended; the first
 * run begins with what commits after it started. The position is written once the sink has everything before it
 * durably, so a crash brings messages again, under the same ids, and none is missed.
 *
 * Whatever may pass is tried again from that position; whatever needs a person ends it.
 */
export class Feed extends WorkingService {
  readonly name: string;
  readonly #options: FeedOptions;
  readonly #sink: Sink;
  readonly #deps: ReplicationDeps;
  readonly #clock: Clock;
  readonly #standing: Standing;
  readonly #metrics: PipelineMetrics;
  #isChecked: boolean;

  /** @param sink not started; it starts and stops with the feed */
  constructor(options: FeedOptions, sink: Sink, deps: ReplicationDeps) {
    super(`replicate.${options.name}`);
    this.name = options.name;
    this.#options = options;
    this.#sink = sink;
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

  /** "Applied" is what the sink has durably. */
  status(): ReplicationStatus {
    const status = this.#standing.status();
    return { ...status, error: status.error ?? this.#sink.trouble ?? null };
  }

  protected override async work(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const stopObserving = this.#clock.every(1_000, () => this.#metrics.observe(this.#standing));
    try {
      this.#sink.start();
      await Promise.race([this.#sink.ready, rejectedBy(signal)]);
      await this.#untilDone(signal, becomeReady);
      this.#standing.enter(signal.aborted ? 'stopped' : 'done');
    } catch (error) {
      this.#standing.enter('stopped', isAbort(error, signal) ? null : error);
      throw error;
    } finally {
      stopObserving();
      this.#metrics.end();
      await this.#sink.stop();
    }
  }

  async #untilDone(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const backoff = new Backoff();
    for (;;) {
      const before = this.#standing.status().position;
      try {
        await this.#attempt(signal, becomeReady);
        return;
      } catch (error) {
        if (signal.aborted || !mayPass(error)) throw error;
        if (this.#standing.status().position !== before) backoff.reset();
        await this.#wait(error, backoff.nextDelayMs(), signal);
      }
    }
  }

  async #wait(error: unknown, delayMs: number, signal: AbortSignal): Promise<void> {
    this.#standing.enter('waiting', error);
    this.#deps.log.warn('the pipeline lost its footing and starts again', { error, delayMs });
    await this.#clock.sleep(delayMs, signal);
    this.#standing.enter('starting');
  }

  async #attempt(signal: AbortSignal, becomeReady: () => void): Promise<void> {
    const { log } = this.#deps;
    const { once = false, isChecked: _isChecked, ...options } = this.#options;
    if (!this.#isChecked) await this.#checkFirst(signal);
    this.#isChecked = false; // the world may be another at the next attempt
    await attemptFeed({
      options: { ...options, log },
      sink: this.#sink,
      once,
      log,
      clock: this.#clock,
      standing: this.#standing,
      metrics: this.#metrics,
      signal,
      becomeReady,
    });
  }

  async #checkFirst(signal: AbortSignal): Promise<void> {
    this.#standing.enter('checking');
    const findings = await checkFeedSource(this.#options, signal);
    for (const finding of findings)
      if (finding.severity === 'warns') this.#deps.log.info(finding.evidence, { ...finding });
    const blocking = blockingFindings(findings);
    const first = blocking[0];
    if (first)
      throw new SluiceError('REPLICATE_BLOCKED', {
        pipeline: this.name,
        count: blocking.length,
        finding: `${first.code} ${first.subject}: ${first.evidence}`,
      });
  }
}

/** Everything about a feed that can be known before the work but its sink (P10). Changes nothing. */
export async function checkFeedSource(
  options: FeedOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  const connect = { purpose: 'check', signal };
  const source = await Session.connect(options.source, { ...connect, side: 'source' });
  try {
    const positions = await Session.connect(options.positions, { ...connect, side: 'target' });
    try {
      const { name, tables = [], tablesWithoutKey = 'refuse' } = options;
      return await checkFeed({ source, positions, name, tables, tablesWithoutKey });
    } finally {
      await positions.close();
    }
  } finally {
    await source.close();
  }
}

function mayPass(error: unknown): boolean {
  const decision = decisionOf(error);
  return decision === 'retry' || decision === 'reconnect';
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
