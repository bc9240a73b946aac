import {
  isRunning,
  ledgerExists,
  listPipelines,
  readTableStates,
  type Pipeline,
  type TableState,
} from '../ledger/index.ts';
import { Session } from '../session/index.ts';
import { formatLsn } from '../wire/index.ts';
import { readSlot, sourcePosition } from '../stream/index.ts';

/** A pipeline as its target's ledger and, where it can be asked, its source tell. */
export interface PipelineReport {
  readonly name: string;
  /** A process runs it now. */
  readonly isRunning: boolean;
  readonly slot: string;
  readonly publication: string;
  readonly position: string | null;
  readonly positionWrittenAt: string | null;
  /** Null without a source. */
  readonly source: {
    readonly position: string;
    readonly lagBytes: number | null;
    readonly slot: {
      readonly confirmed: string | null;
      readonly walStatus: string | null;
      readonly invalidationReason: string | null;
      readonly isActive: boolean;
    } | null;
  } | null;
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly state: TableState;
    readonly rows: number | null;
  }[];
}

/**
 * Reads what is known of the pipelines of a target.
 *
 * @param options.name one pipeline; all without
 */
export async function readReplicationStatus(options: {
  target: string;
  source?: string | undefined;
  name?: string | undefined;
  signal?: AbortSignal;
}): Promise<PipelineReport[]> {
  const connect = { purpose: 'status', ...(options.signal && { signal: options.signal }) };
  const target = await Session.connect(options.target, {
    ...connect,
    side: 'target',
  });
  try {
    if (!(await ledgerExists(target))) return [];
    const all = await listPipelines(target);
    const wanted = all.filter((p) => options.name === undefined || p.name === options.name);
    const source =
      options.source === undefined
        ? null
        : await Session.connect(options.source, { ...connect, side: 'source' });
    try {
      const reports: PipelineReport[] = [];
      for (const pipeline of wanted) reports.push(await report(pipeline, target, source));
      return reports;
    } finally {
      await source?.close();
    }
  } finally {
    await target.close();
  }
}

async function report(
  pipeline: Pipeline,
  target: Session,
  source: Session | null,
): Promise<PipelineReport> {
  const tables = await readTableStates(target, pipeline.name);
  return {
    name: pipeline.name,
    isRunning: await isRunning(target, pipeline.name),
    slot: pipeline.slot,
    publication: pipeline.publication,
    position: pipeline.position === null ? null : formatLsn(pipeline.position),
    positionWrittenAt: pipeline.writtenAt,
    source: source && (await sourceReport(pipeline, source)),
    tables: tables.map(({ schema, name, state, rows }) => ({ schema, name, state, rows })),
  };
}

async function sourceReport(
  pipeline: Pipeline,
  source: Session,
): Promise<PipelineReport['source']> {
  const end = await sourcePosition(source);
  const slot = await readSlot(source, pipeline.slot);
  const { position } = pipeline;
  const lag = position === null ? null : Number(end - position);
  return {
    position: formatLsn(end),
    lagBytes: lag === null ? null : Math.max(0, lag),
    slot: slot && {
      confirmed: slot.confirmedFlushLsn === null ? null : formatLsn(slot.confirmedFlushLsn),
      walStatus: slot.walStatus,
      invalidationReason: slot.invalidationReason,
      isActive: slot.activePid !== null,
    },
  };
}
