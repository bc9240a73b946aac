import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../errors/index.ts';
import {
  silentProgress,
  systemClock,
  type Log,
  type Metrics,
  type Progress,
  type ProgressTask,
} from '../service/index.ts';
import { ShopFront } from './front.ts';
import { DemoPipeline, type PipelineDeps } from './pipeline.ts';
import type { DemoReport } from './report.ts';
import { startServers, type DemoServers } from './servers.ts';
import { makeEmptyShop, makeShop, type MadeShop } from './shop/make-shop.ts';
import { planShop, type ShopSize } from './shop/size.ts';
import { Stages } from './stages.ts';
import { switchOver } from './switch-over.ts';
import { tamper } from './tamper.ts';
import { emptyBaskets, stocktaking } from './writer/rare.ts';
import { ShopWriter } from './writer/shop-writer.ts';

export interface DemoOptions {
  /** About how many rows the shop has over all tables. */
  readonly rows: number;
  /** How long the shop stays open after the copy. */
  readonly followMs: number;
  /** What the writer aims at. */
  readonly transactionsPerSecond: number;
  /** Change rows of the target before the comparison, which then has something to find. */
  readonly tamper?: boolean | undefined;
  /** Of the program; the pool's console shows it. */
  readonly version: string;
  /** Copy the servers' data directories from templates kept in this folder. */
  readonly templateDir?: string | undefined;
  /** Called at the end, while everything still runs; what it returns is waited for. */
  readonly keep?: ((report: DemoReport, kept: KeptDemo) => Promise<void>) | undefined;
}

export interface DemoDeps {
  readonly progress: Progress;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

/** What still runs in `keep`: the servers, the pipeline, and a writer with time on its hands. */
export interface KeptDemo {
  readonly pipeline: string;
  readonly source: string;
  readonly target: string;
  /** The shop and the console, through the pool. */
  readonly pool: string;
  readonly console: string;
  /** A `sluice.toml` that names both databases and the pipeline. */
  readonly configFile: string;
  readonly transactionsPerSecond: number;
  /** Shows there what goes on from now on. */
  watch(progress: Progress): void;
}

/** Slow enough to leave room for what a person tries, and to fill no disk over a weekend. */
const keptTransactionsPerSecond = 5;

/**
 * Moves a live shop from one real PostgreSQL to another one, and proves that it arrived. Nothing of it is
 * left when this settles: no process, no file.
 *
 * @throws the signal's reason when it aborts; whatever stops the pipeline or the writer
 */
export async function runDemo(options: DemoOptions, deps: DemoDeps): Promise<DemoReport> {
  await using open = new AsyncDisposableStack();
  try {
    return await new Demo(options, deps, open).run();
  } catch (error) {
    // What breaks because we are stopping is no news.
    deps.signal.throwIfAborted();
    throw error;
  }
}

class Demo {
  readonly #options: DemoOptions;
  readonly #open: AsyncDisposableStack;
  readonly #deps: PipelineDeps;
  readonly #stages: Stages;
  readonly #size: ShopSize;

  constructor(options: DemoOptions, deps: DemoDeps, open: AsyncDisposableStack) {
    this.#options = options;
    this.#open = open;
    this.#stages = new Stages(deps.progress);
    this.#size = planShop(options.rows);
    const failure = new AbortController();
    const signal = AbortSignal.any([deps.signal, failure.signal]);
    this.#deps = { ...deps, signal, fail: (error) => failure.abort(error) };
  }

  async run(): Promise<DemoReport> {
    const servers = await this.#startServers();
    const shop = await this.#makeShops(servers);
    const front = this.#open.use(
      await ShopFront.open(servers.source, this.#options.version, this.#deps.log),
    );
    const pipeline = this.#open.use(new DemoPipeline(servers, this.#deps));
    await this.#stages.show('check', () => pipeline.check());
    const day = await this.#moveWhileOpen(front, pipeline);
    const { compare, switched } = await this.#finish(servers, front, pipeline, day);
    const { transactions, rows } = day.writer;
    const { peakBytes: peakLagBytes, peakSeconds: peakLagSeconds } = pipeline.lag;
    const report = {
      source: { version: servers.source.version },
      target: { version: servers.target.version },
      shop,
      writer: { transactions, rows, transactionsPerSecond: day.perSecond },
      replication: pipeline.status,
      peakLagBytes,
      peakLagSeconds,
      seconds: this.#stages.seconds,
      totalSeconds: this.#stages.totalSeconds,
      compare,
      switched,
    };
    await this.#keep(report, servers, front, pipeline);
    return report;
  }

  /** Proves both sides equal and moves the tills to the target; or, where they are to stay, closes the shop first. */
  async #finish(
    servers: DemoServers,
    front: ShopFront,
    pipeline: DemoPipeline,
    { writer, task }: OpenDay,
  ): Promise<Pick<DemoReport, 'compare' | 'switched'>> {
    const { signal } = this.#deps;
    const staysHere = this.#options.tamper === true || this.#options.keep !== undefined;
    if (staysHere) {
      await writer.stop();
      await this.#stages.show('catch up', (catching) => pipeline.catchUp(catching));
      if (this.#options.tamper === true) await tamper(servers.target.url, signal);
    }
    const compare = await this.#stages.time('compare', () => pipeline.compare());
    const switched =
      staysHere || !compare.equal
        ? null
        : await this.#stages.show('switch', (switching) =>
            switchOver({ front, servers, pipeline, writer, signal }, switching),
          );
    await writer.stop();
    task.done(`closed after ${writer.transactions.toLocaleString('en-US')} transactions`);
    return { compare, switched };
  }

  async #startServers(): Promise<DemoServers> {
    const { signal, fail } = this.#deps;
    const servers = await this.#stages.show('servers', async (task) => {
      task.status('making two new ones');
      const result = await startServers({ ...this.#options, signal });
      this.#open.use(result);
      const { source, target } = result;
      return {
        result,
        text: `source PostgreSQL ${source.version}, target PostgreSQL ${target.version}`,
      };
    });
    // Without its server a pipeline waits, for as long as it takes; nobody starts this one again.
    const stopLooking = systemClock.every(500, () => {
      for (const { server } of [servers.source, servers.target]) {
        if (!server.isRunning) fail(new SluiceError('DEMO_SERVER_ENDED', { major: server.major }));
      }
    });
    this.#open.defer(stopLooking);
    signal.throwIfAborted();
    return servers;
  }

  async #makeShops({ source, target }: DemoServers): Promise<MadeShop> {
    const { signal } = this.#deps;
    return await this.#stages.show('shop', async (task) => {
      const [result] = await Promise.all([
        makeShop(source.url, this.#size, task, signal),
        makeEmptyShop(target.url, signal),
      ]);
      return {
        result,
        text: `${result.tables} tables on the source, empty ones on the target`,
      };
    });
  }

  /** Copy and follow, while the shop is open. */
  async #moveWhileOpen(front: ShopFront, pipeline: DemoPipeline): Promise<OpenDay> {
    const { signal, progress } = this.#deps;
    const { transactionsPerSecond, followMs } = this.#options;
    const task = progress.task('writer');
    const writer = this.#openShop(front, transactionsPerSecond, (rows) => task.advance({ rows }));
    await writer.ready;
    const openedMs = systemClock.monotonicMs();
    let counted: Promise<void> = Promise.resolve();
    await this.#stages.time('copy', () =>
      pipeline.copy(() => {
        counted = writer.perform([stocktaking], signal);
        counted.catch(this.#deps.fail);
      }),
    );
    await this.#stages.show('follow', async (following) => {
      pipeline.lag.tell(following);
      await counted;
      await Promise.all([
        writer.perform([stocktaking, emptyBaskets], signal),
        systemClock.sleep(followMs, signal),
      ]);
      return { result: undefined, text: pipeline.lag.text };
    });
    const seconds = (systemClock.monotonicMs() - openedMs) / 1000;
    return { writer, task, perSecond: writer.transactions / seconds };
  }

  #openShop(
    front: ShopFront,
    transactionsPerSecond: number,
    onCommit: (rows: number) => void,
  ): ShopWriter {
    const { signal, fail } = this.#deps;
    const size = this.#size;
    const writer = new ShopWriter({ url: front.url, size, transactionsPerSecond, onCommit });
    writer.finished.catch(fail);
    this.#open.defer(() => writer.stop());
    writer.start(signal);
    return writer;
  }

  async #keep(
    report: DemoReport,
    servers: DemoServers,
    front: ShopFront,
    pipeline: DemoPipeline,
  ): Promise<void> {
    if (this.#options.keep === undefined) return;
    let shown = silentProgress.task('writer');
    this.#openShop(front, keptTransactionsPerSecond, (rows) => shown.advance({ rows }));
    await this.#options.keep(report, {
      pipeline: pipeline.name,
      source: servers.source.url,
      target: servers.target.url,
      pool: front.url,
      console: front.consoleUrl,
      configFile: await writeConfig(servers, pipeline.name),
      transactionsPerSecond: keptTransactionsPerSecond,
      watch: (progress) => {
        shown = progress.task('writer');
        pipeline.lag.tell(progress.task('follow'));
      },
    });
  }
}

/** A shop whose tills are at work. */
interface OpenDay {
  readonly writer: ShopWriter;
  readonly task: ProgressTask;
  readonly perSecond: number;
}

/** Beside the source's data, and gone with it. */
async function writeConfig({ source, target }: DemoServers, pipeline: string): Promise<string> {
  const file = join(source.server.socketDir, 'sluice.toml');
  const text = `[databases]
source = ${JSON.stringify(source.url)}
target = ${JSON.stringify(target.url)}

[replicate.${pipeline}]
source = "source"
target = "target"
`;
  await writeFile(file, text, { mode: 0o600 });
  return file;
}
