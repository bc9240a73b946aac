import {
  compareColumns,
  compilePatterns,
  countLargeObjects,
  readDatabase,
  readOpenTransactions,
  readPublications,
  readRole,
  readSequences,
  readTablePrivileges,
  readTables,
  readUncovered,
  type ColumnComparison,
  type Database,
  type OpenTransaction,
  type Publication,
  type Queryable,
  type Role,
  type Sequence,
  type Table,
  type TableName,
  type TablePrivileges,
  type UncoveredObject,
} from '../../catalog/index.ts';
import {
  ledgerExists,
  readJournal,
  readPipeline,
  readTableStates,
  type Pipeline,
  type PipelineTable,
  type SlotFacts,
} from '../../ledger/index.ts';
import { readSlot } from '../../stream/index.ts';
import { readMissingRights, type MissingRights } from './missing-rights.ts';
import { probeEmpty } from './probe-empty.ts';
import { probeFreeBytes } from './probe-free-bytes.ts';

export interface CheckOptions {
  /** Outside any transaction, as ours always are. */
  readonly source: Queryable;
  readonly target: Queryable;
  /** Patterns as `compilePatterns` takes them; none: every table. */
  readonly tables?: readonly string[];
  /** The pipeline's name: what the target's ledger knows of it is not held against it. */
  readonly pipeline?: string;
  /** What to do with tables without a usable replica identity. Default `refuse`. */
  readonly tablesWithoutKey?: 'refuse' | 'insert_only';
  /**
   * Whether to look at the slot of a pipeline that has one. Default true; a start leaves it out, since it looks
   * again once the slot is its own, and then what is wrong has a code of its own (LEDGER_SLOT_...).
   */
  readonly slot?: boolean;
}

/** One side of the movement: its database, and the role we are there. */
export interface Side {
  readonly database: Database;
  readonly role: Role;
  readonly privileges: ReadonlyMap<number, TablePrivileges>;
}

/** A table with rows of the source, and where they are to go. */
export interface CheckedTable {
  readonly source: Table;
  /** The table of that name, or the nearest partitioned ancestor that the target has; null: none. */
  readonly target: Table | null;
  readonly comparison: ColumnComparison | null;
  /** What the ledger knows of it; null: nothing was begun. */
  readonly state: PipelineTable | null;
  /** The copy has dropped indexes or constraints of the target's table, and will make them again. */
  readonly isStripped: boolean;
  /** Null: could not be looked at. */
  readonly isTargetEmpty: boolean | null;
}

/** Everything the checks look at, read once. */
export interface CheckFacts {
  readonly source: Side;
  readonly target: Side;
  readonly tables: readonly CheckedTable[];
  /** All of the target's, chosen or not. */
  readonly targetTables: readonly Table[];
  readonly missingRights: MissingRights;
  readonly unmatchedPatterns: readonly string[];
  readonly tablesWithoutKey: 'refuse' | 'insert_only';
  /** What the target's ledger holds of this pipeline. */
  readonly pipeline: Pipeline | null;
  /** The pipeline's slot on the source, null when it is not there; undefined: not looked at. */
  readonly slot: SlotFacts | null | undefined;
  readonly publications: readonly Publication[];
  readonly sequences: readonly Sequence[];
  /** Of the chosen schemas and names. */
  readonly uncovered: readonly UncoveredObject[];
  readonly largeObjects: number;
  readonly openTransactions: readonly OpenTransaction[];
  /** Free space where the target's data is; null: not to be seen from here. */
  readonly targetFreeBytes: number | null;
}

/** Reads the facts. Changes nothing on either side. */
export async function readCheckFacts(options: CheckOptions): Promise<CheckFacts> {
  const { source, target } = options;
  const patterns = compilePatterns(options.tables ?? []);
  const sourceTables = await readTables(source, { include: options.tables ?? [] });
  const targetTables = await readTables(target);
  const targetSide = await readSide(target, targetTables);
  const ledger = await readLedger(options, targetSide.role);
  const tables = await joinTables(target, sourceTables, targetTables, targetSide, ledger);
  const isChosen = (object: TableName): boolean =>
    patterns.includes(object) && !patterns.excludes(object);
  return {
    source: await readSide(source, sourceTables),
    target: targetSide,
    tables,
    targetTables,
    missingRights: await readMissingRights(
      target,
      tables.flatMap((pair) => pair.target ?? []),
      tables.filter(isToBeCopied).flatMap((pair) => pair.target ?? []),
      targetSide.privileges,
    ),
    unmatchedPatterns: patterns.unmatched(sourceTables),
    tablesWithoutKey: options.tablesWithoutKey ?? 'refuse',
    pipeline: ledger.pipeline,
    slot: ledger.slot,
    publications: await readPublications(source),
    sequences: (await readSequences(source)).filter((one) => isChosen(one.ownedBy ?? one)),
    uncovered: (await readUncovered(source)).filter(isChosen),
    largeObjects: await countLargeObjects(source),
    openTransactions: await readOpenTransactions(source),
    targetFreeBytes: await probeFreeBytes(targetSide.database),
  };
}

async function readSide(db: Queryable, tables: readonly Table[]): Promise<Side> {
  return {
    database: await readDatabase(db),
    role: await readRole(db),
    privileges: await readTablePrivileges(
      db,
      tables.map((table) => table.oid),
    ),
  };
}

interface LedgerFacts {
  readonly pipeline: Pipeline | null;
  readonly slot: SlotFacts | null | undefined;
  readonly states: readonly PipelineTable[];
  /** Tables of the target with entries in the journal. */
  readonly stripped: readonly TableName[];
}

async function readLedger(options: CheckOptions, role: Role): Promise<LedgerFacts> {
  const { source, target, pipeline: name } = options;
  const isReadable = role.ledger?.canUse === true && (await ledgerExists(target));
  const known = isReadable && name !== undefined ? await readPipeline(target, name) : null;
  if (known === null) return { pipeline: null, slot: undefined, states: [], stripped: [] };
  const slot = options.slot === false ? undefined : await readSlot(source, known.slot);
  const journal = await readJournal(target, known.name);
  return {
    // Anew, behind the slot: of a pipeline that runs, both move on, the slot after the position.
    pipeline: await readPipeline(target, known.name),
    slot,
    states: await readTableStates(target, known.name),
    stripped: journal.map((entry) => entry.table),
  };
}

async function joinTables(
  target: Queryable,
  sourceTables: readonly Table[],
  targetTables: readonly Table[],
  side: Side,
  ledger: LedgerFacts,
): Promise<CheckedTable[]> {
  const parents = new Map(sourceTables.map((table) => [table.oid, table]));
  const byName = new Map(targetTables.map((table) => [keyOf(table), table]));
  const stateOf = new Map(ledger.states.map((state) => [keyOf(state), state]));
  const stripped = new Set(ledger.stripped.map(keyOf));
  const joined = sourceTables
    .filter((table) => table.kind === 'r' && table.persistence === 'p')
    .map((table) => ({ source: table, target: findTarget(table, parents, byName) }));
  const reachable = joined.flatMap((pair) => pair.target ?? []);
  const empty = await probeEmpty(target, reachable, side.privileges);
  return joined.map((pair) => ({
    ...pair,
    comparison: pair.target && compareColumns(pair.source, pair.target),
    state: stateOf.get(keyOf(pair.source)) ?? null,
    isStripped: pair.target !== null && stripped.has(keyOf(pair.target)),
    isTargetEmpty: empty.get(pair.target?.oid ?? 0) ?? null,
  }));
}

function isToBeCopied({ state }: CheckedTable): boolean {
  return state === null || state.state === 'pending' || state.state === 'copying';
}

function findTarget(
  table: Table,
  parents: ReadonlyMap<number, Table>,
  targets: ReadonlyMap<string, Table>,
): Table | null {
  for (let at: Table | undefined = table; at; at = parents.get(at.parentOid ?? 0)) {
    const found = targets.get(keyOf(at));
    if (found) return found;
  }
  return null;
}

function keyOf(table: TableName): string {
  return JSON.stringify([table.schema, table.name]);
}
