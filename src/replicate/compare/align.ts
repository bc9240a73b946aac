import type { TableName } from '../../catalog/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { holdPipeline, readPipeline, releasePipeline } from '../../ledger/index.ts';
import type { Log } from '../../service/index.ts';
import { Session, type ConnectionTarget } from '../../session/index.ts';
import { formatLsn, type Lsn } from '../../wire/index.ts';
import { KeptSnapshot } from './kept-snapshot.ts';
import { openSlotSnapshot } from './slot-snapshot.ts';
import { pollUntil } from './poll.ts';

export interface AlignOptions {
  readonly source: ConnectionTarget;
  readonly target: ConnectionTarget;
  /** Null compares two databases at rest: whatever each holds now. */
  readonly pipeline: AlignedPipeline | null;
  /** Tables to lock against TRUNCATE and rewriting until the snapshots are closed. */
  readonly lock?: { readonly source: readonly TableName[]; readonly target: readonly TableName[] };
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface AlignedPipeline {
  readonly name: string;
  /** Whether some process applies it now. */
  isRunning(): Promise<boolean>;
  /** Applies in this process up to the position and resolves when the ledger holds it. */
  advanceTo(position: Lsn, signal: AbortSignal): Promise<void>;
  /**
   * How long the source may take to give a snapshot (default a minute: apply stands still meanwhile), and how
   * long the position may then stand still (default five: a large transaction moves nothing until its end).
   */
  readonly patienceMs?: number;
}

/** Both sides at one position of the source. Keep it open while the snapshots are read. */
export interface Alignment extends AsyncDisposable {
  /** Null without a pipeline. */
  readonly position: Lsn | null;
  readonly source: KeptSnapshot;
  readonly target: KeptSnapshot;
}

const slotPatienceMs = 60_000;
const reachPatienceMs = 300_000;

/**
 * Takes snapshots of source and target that hold the very same commits, while both are written to.
 *
 *     target   hold here .............. hold at P ... position is P: snapshot, release
 *     source              slot made: P and its snapshot
 *
 * Apply stands still only for this call. The hold is an advisory lock of a session of ours: when we die, it
 * ends by itself.
 *
 * @throws COMPARE_WAIT  the source gives no snapshot, or the target does not get there, in time
 * @throws COMPARE_NOT_RUNNING, COMPARE_NO_PIPELINE, COMPARE_SLOT
 * @throws LEDGER_HOLD  another comparison holds the pipeline
 */
export async function alignSnapshots(options: AlignOptions): Promise<Alignment> {
  const opened: AsyncDisposable[] = [];
  try {
    const { pipeline } = options;
    const aligned =
      pipeline === null
        ? await takeAtRest(options, opened)
        : await takeAligned(options, pipeline, opened);
    return { ...aligned, [Symbol.asyncDispose]: () => disposeAll(opened) };
  } catch (error) {
    await disposeAll(opened);
    throw error;
  }
}

type Aligned = Omit<Alignment, typeof Symbol.asyncDispose>;

async function takeAtRest(options: AlignOptions, opened: AsyncDisposable[]): Promise<Aligned> {
  const { source, target, lock, signal } = options;
  const here = await KeptSnapshot.open('source', source, { signal, lock: lock?.source ?? [] });
  opened.push(here);
  const there = await KeptSnapshot.open('target', target, { signal, lock: lock?.target ?? [] });
  opened.push(there);
  return { position: null, source: here, target: there };
}

async function takeAligned(
  options: AlignOptions,
  pipeline: AlignedPipeline,
  opened: AsyncDisposable[],
): Promise<Aligned> {
  const { target, lock, signal, log } = options;
  const { name } = pipeline;
  // A session of its own: its end is the end of the hold.
  const holder = await Session.connect(target, {
    purpose: 'compare hold',
    side: 'target',
    signal,
  });
  const onAbort = (): void => holder.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await expectPipeline(holder, name);
    await holdPipeline(holder, name, null);
    const { position, snapshot } = await openSlotSnapshot({
      ...options,
      patienceMs: pipeline.patienceMs ?? slotPatienceMs,
    });
    opened.push(snapshot);
    await holdPipeline(holder, name, position);
    log.info('apply is held for a comparison', { pipeline: name, position: formatLsn(position) });
    await reach(holder, pipeline, position, signal);
    const kept = await KeptSnapshot.open('target', target, { signal, lock: lock?.target ?? [] });
    opened.push(kept);
    await expectPosition(kept, name, position);
    await releasePipeline(holder, name);
    return { position, source: snapshot, target: kept };
  } finally {
    signal.removeEventListener('abort', onAbort);
    await holder.close();
  }
}

async function expectPipeline(holder: Session, pipeline: string): Promise<void> {
  const known = await readPipeline(holder, pipeline);
  if (known === null || known.position === null) {
    throw new SluiceError('COMPARE_NO_PIPELINE', { pipeline });
  }
}

/**
 * Waits until the ledger is at the position. When nobody runs the pipeline, or nobody any more, it is
 * brought there by this process.
 */
async function reach(
  holder: Session,
  pipeline: AlignedPipeline,
  position: Lsn,
  signal: AbortSignal,
): Promise<void> {
  const { name } = pipeline;
  const readPosition = async (): Promise<Lsn | null> =>
    (await readPipeline(holder, name))?.position ?? null;
  if (!(await pipeline.isRunning())) {
    if ((await readPosition()) !== position) await pipeline.advanceTo(position, signal);
  }
  await pollUntil({
    what: `the target of ${name} to reach ${formatLsn(position)}`,
    patienceMs: pipeline.patienceMs ?? reachPatienceMs,
    signal,
    look: async () => {
      const at = await readPosition();
      return { isDone: at === position, mark: String(at) };
    },
    whenStill: async () => {
      if (await pipeline.isRunning()) return;
      const details = { pipeline: name, position: formatLsn(position) };
      if ((await readPosition()) !== position)
        throw new SluiceError('COMPARE_NOT_RUNNING', details);
    },
  });
}

/** What the snapshot itself says is what counts. */
async function expectPosition(kept: KeptSnapshot, pipeline: string, wanted: Lsn): Promise<void> {
  const position = (await readPipeline(kept.session, pipeline))?.position ?? null;
  if (position === wanted) return;
  throw new SluiceError('COMPARE_PASSED', {
    pipeline,
    position: position === null ? 'no position' : formatLsn(position),
    wanted: formatLsn(wanted),
  });
}

/** The last opened first. */
async function disposeAll(opened: AsyncDisposable[]): Promise<void> {
  for (const resource of opened.splice(0).toReversed()) await resource[Symbol.asyncDispose]();
}
