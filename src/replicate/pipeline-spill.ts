import { join } from 'node:path';
import { setSpill, type Pipeline, type SpillFacts, type Tx } from '../ledger/index.ts';
import {
  BlockQueue,
  DurableLog,
  DurableQueue,
  SpillArea,
  type ChangeQueue,
  type SpillOptions,
  type ValueFormat,
} from '../stream/index.ts';
import type { Lsn } from '../wire/index.ts';
import type { ReplicationOptions } from './options.ts';

// What a reader may be ahead of apply by: some segments. More would only cost memory.
const queueBytes = 16 * 1024 * 1024;
const defaultSpillBytes = 10 * 1024 ** 3;
// A file of a durable spill goes when all of it is in the target: large ones for little work, yet several.
const segmentBytes = 64 * 1024 * 1024;

/** The disk of a pipeline's changes, and the queue in front of apply that goes with it. */
export interface PipelineSpill {
  /** For transactions that are streamed before they end. */
  readonly area: SpillArea;
  /** The durable spill that the ledger names; null when there is none of that name. */
  readonly facts: SpillFacts | null;
  /** How values are written in what a durable spill holds from `position` on; null when it holds nothing there. */
  heldFormat(position: Lsn): ValueFormat | null;
  /**
   * The queue from a position on, and where to read the slot from: behind what a durable spill holds. May be
   * opened once more, in another format, when all that was held is in the target.
   */
  open(target: Tx, pipeline: Pipeline, begin: QueueBeginning): Promise<OpenQueue>;
  close(): Promise<void>;
}

export interface QueueBeginning {
  readonly position: Lsn;
  /** What the stream is asked for; as long as a spill holds something, the format of that. */
  readonly format: ValueFormat;
  /** The source may forget what is before: called by a durable spill only. */
  readonly confirm: (position: Lsn) => void;
}

export interface OpenQueue {
  readonly queue: ChangeQueue;
  readonly readFrom: Lsn;
  /** Nothing is taken from the queue for long now: what memory cannot hold may go to disk. */
  waits(isWaiting: boolean): void;
  /** Everything before `flushed` is in the target. */
  forget(flushed: Lsn): Promise<void>;
}

export async function openSpill(
  pipeline: Pipeline,
  options: ReplicationOptions['spill'],
): Promise<PipelineSpill> {
  const { directory, maxBytes = defaultSpillBytes, mode } = options ?? {};
  if (mode !== 'durable' || directory === undefined)
    return temporarySpill(new SpillArea(pipeline.slot, { directory, maxBytes }));
  // What is streamed before it ends lies in the one until it is whole, then in the other.
  const half = maxBytes / 2;
  // The slot's name tells two targets apart that share a pipeline's name and a folder.
  const log = await DurableLog.open(join(directory, `${pipeline.slot}.spill`), half);
  try {
    return await durableSpill(log, pipeline, { directory, maxBytes: half });
  } catch (error) {
    await log.close();
    throw error;
  }
}

function temporarySpill(area: SpillArea): PipelineSpill {
  return {
    area,
    facts: null,
    heldFormat: () => null,
    // Whatever an earlier durable spill held is in the target by now: the start rules saw to that.
    open: async (target, pipeline, { position }) => {
      if (pipeline.spill !== null) await setSpill(target, pipeline, null);
      const queue = new BlockQueue({ memoryBytes: queueBytes, area });
      return {
        queue,
        readFrom: position,
        waits: (isWaiting) => {
          queue.isWaiting = isWaiting;
        },
        forget: async () => undefined,
      };
    },
    close: () => area.remove(),
  };
}

async function durableSpill(
  log: DurableLog,
  pipeline: Pipeline,
  options: SpillOptions,
): Promise<PipelineSpill> {
  let confirmed: ((position: Lsn) => void) | null = null;
  const queue = new DurableQueue({
    log,
    memoryBytes: queueBytes,
    segmentBytes: Math.min(segmentBytes, options.maxBytes / 8),
    onDurable: (position) => confirmed?.(position),
  });
  const isNamed = pipeline.spill === log.id;
  if (isNamed) await queue.recover();
  const { endLsn } = log;
  const area = new SpillArea(pipeline.slot, options);
  return {
    area,
    facts: isNamed ? { endLsn } : null,
    heldFormat: (position) => queue.heldFormat(position),
    open: async (target, _pipeline, { position, format, confirm }) => {
      if (!isNamed) {
        // Not this pipeline's any more, and the start rules found that nothing of it is needed. Named
        // before the first confirm: from then on a start without it stops.
        await log.reset();
        await setSpill(target, pipeline, log.id);
      }
      confirmed = confirm;
      // In the target and flushed there: the claim of the pipeline was committed synchronously since.
      const readFrom = await queue.begin(position, format);
      return {
        queue,
        readFrom,
        waits: () => undefined,
        forget: (flushed) => queue.forget(flushed),
      };
    },
    close: async () => {
      queue.end();
      await queue.close();
      await area.remove();
    },
  };
}
