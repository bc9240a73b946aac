import { qualifiedName, readTables, type Table } from '../../catalog/index.ts';
import { SluiceError } from '../../errors/index.ts';
import { readTableStates, type PipelineTable } from '../../ledger/index.ts';
import { silentLog, silentProgress, systemClock } from '../../service/index.ts';
import type { Log, Progress } from '../../service/index.ts';
import { parseSide, type ConnectionTarget } from '../../session/index.ts';
import { formatLsn, type Lsn } from '../../wire/index.ts';
import { alignSnapshots, type AlignedPipeline, type Alignment } from './align.ts';
import { problemReport } from './compare-one.ts';
import { compareTables, makeReport } from './compare-tables.ts';
import { makeUnits, type CompareUnit } from './compare-unit.ts';
import type { CompareReport, TableReport } from './report.ts';

export interface CompareDatabasesOptions {
  readonly source: ConnectionTarget | string;
  readonly target: ConnectionTarget | string;
  /** Null compares two databases at rest. */
  readonly pipeline: AlignedPipeline | null;
  /** Patterns of tables; default all, of a pipeline all of its tables. */
  readonly tables?: readonly string[];
  readonly jobs?: number;
  readonly rowsPerRange?: number;
  readonly maxListedRows?: number;
  readonly progress?: Progress;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

type Settled = Omit<CompareDatabasesOptions, 'source' | 'target'> & {
  readonly source: ConnectionTarget;
  readonly target: ConnectionTarget;
  readonly progress: Progress;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** A table that is truncated or rewritten while we read is read again; the last time it is locked first. */
const maxRounds = 3;

/**
 * Compares two databases, or the two sides of a pipeline at one position, and tells the rows that differ.
 *
 * @throws COMPARE_NO_TABLES  nothing is selected
 * @throws what `alignSnapshots` and `compareTables` throw
 */
export async function compareDatabases(options: CompareDatabasesOptions): Promise<CompareReport> {
  const startedMs = systemClock.monotonicMs();
  const settled = settle(options);
  const reports = new Map<string, TableReport>();
  let again: CompareUnit[] | null = null;
  let position: string | null = null;
  for (let round = 1; round <= maxRounds; round++) {
    const found = await compareRound(settled, again, round === maxRounds);
    position = found.position === null ? null : formatLsn(found.position);
    for (const unit of again ?? []) reports.delete(qualifiedName(unit));
    for (const report of found.reports) reports.set(qualifiedName(report), { ...report, position });
    again = found.units.filter((unit) => isDisturbed(reports.get(qualifiedName(unit))));
    if (again.length === 0) break;
  }
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  return makeReport([...reports.values()], seconds, position);
}

function settle(options: CompareDatabasesOptions): Settled {
  return {
    ...options,
    source: parseSide('source', options.source),
    target: parseSide('target', options.target),
    progress: options.progress ?? silentProgress,
    log: options.log ?? silentLog,
    signal: options.signal ?? new AbortController().signal,
  };
}

function isDisturbed(report: TableReport | undefined): boolean {
  return report?.problem === 'changed while compared';
}

interface Round {
  readonly position: Lsn | null;
  readonly units: readonly CompareUnit[];
  readonly reports: readonly TableReport[];
}

/** One pair of snapshots and what they show of all tables, or of those that the round before could not read. */
async function compareRound(
  options: Settled,
  again: readonly CompareUnit[] | null,
  isLast: boolean,
): Promise<Round> {
  const lock = {
    source: again?.flatMap((unit) => unit.source) ?? [],
    target: again?.flatMap((unit) => unit.target) ?? [],
  };
  await using alignment = await alignSnapshots({ ...options, ...(isLast ? { lock } : {}) });
  const chosen = await chooseUnits(options, alignment);
  const names = again && new Set(again.map(qualifiedName));
  const isWanted = (unit: CompareUnit): boolean => names === null || names.has(qualifiedName(unit));
  const units = chosen.units.filter(isWanted);
  const { tables } = await compareTables({
    ...options,
    source: alignment.source,
    target: alignment.target,
    tables: units,
  });
  const unready = chosen.unready.filter(isWanted);
  return {
    position: alignment.position,
    units,
    reports: [...tables, ...unready.map((unit) => problemReport(unit, 'not copied yet', null))],
  };
}

interface Chosen {
  readonly units: readonly CompareUnit[];
  /** What the target does not hold yet as of the position. */
  readonly unready: readonly CompareUnit[];
}

/** Reads the catalogs as of the snapshots: partitions made later are not among the tables. */
async function chooseUnits(options: Settled, alignment: Alignment): Promise<Chosen> {
  const include = options.tables ?? [];
  const { source, target, position } = alignment;
  const all = await readTables(source.session);
  const chosen = include.length === 0 ? all : await readTables(source.session, { include });
  const targets = await readTables(target.session);
  const { pipeline } = options;
  if (pipeline === null || position === null) {
    const units = makeUnits(all, chosen, targets);
    const wanted = include.length === 0 ? targets : await readTables(target.session, { include });
    return expectSome([...units, ...onlyThere(units, wanted)], [], include);
  }
  const states = await readTableStates(target.session, pipeline.name);
  return chooseOfPipeline(states, position, { all, chosen, targets, include });
}

/** A pipeline's tables are those of its ledger, which names source tables. */
function chooseOfPipeline(
  states: readonly PipelineTable[],
  position: Lsn,
  found: {
    all: readonly Table[];
    chosen: readonly Table[];
    targets: readonly Table[];
    include: readonly string[];
  },
): Chosen {
  const known = new Map(states.map((state) => [qualifiedName(state), state]));
  const carried = found.chosen.filter((table) => known.has(qualifiedName(table)));
  const here = new Set(found.all.map(qualifiedName));
  const gone = states.filter(
    (state) => found.include.length === 0 && !here.has(qualifiedName(state)),
  );
  const units = [
    ...makeUnits(found.all, carried, found.targets),
    ...gone.map(({ schema, name }) => ({ schema, name, source: [], target: [] })),
  ];
  const isReady = (table: Table): boolean => {
    const state = known.get(qualifiedName(table));
    return state?.state === 'ready' && (state.snapshotLsn ?? 0n) <= position;
  };
  return expectSome(
    units.filter((unit) => unit.source.every(isReady)),
    units.filter((unit) => !unit.source.every(isReady)),
    found.include,
  );
}

/** Tables of the target that are in no unit. */
function onlyThere(units: readonly CompareUnit[], wanted: readonly Table[]): CompareUnit[] {
  const compared = new Set(units.flatMap((unit) => unit.target.map(({ oid }) => oid)));
  return wanted
    .filter((table) => table.kind === 'r' && !compared.has(table.oid))
    .map((table) => ({ schema: table.schema, name: table.name, source: [], target: [table] }));
}

function expectSome(
  units: readonly CompareUnit[],
  unready: readonly CompareUnit[],
  include: readonly string[],
): Chosen {
  if (units.length + unready.length > 0) return { units, unready };
  throw new SluiceError('COMPARE_NO_TABLES', { patterns: include.join(', ') || 'the catalog' });
}
