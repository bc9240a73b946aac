import {
  binaryProblem,
  compareColumns,
  displayName,
  readTablesByOid,
  type Column,
  type Majors,
  type Queryable,
} from '../catalog/index.ts';
import { SluiceError } from '../errors/index.ts';
import type { Relation, RelationColumn } from '../wire/index.ts';
import type { TablePair } from './plan.ts';
import { settle } from './source/settle.ts';
import { loadSql } from './sql.ts';

const readType = loadSql('source/sql/read-type');

export interface StreamColumnsOptions {
  readonly source: Queryable;
  readonly streamFormat: 'binary' | 'text';
  /** What the stream sends in binary can be had as text by asking again: nothing of it is kept. */
  readonly canAskForText: boolean;
}

/**
 * Compares the columns that the stream describes with those of the plan.
 *
 * The plan is of now, the stream may tell of before. A table that is another now than when the plan was made has
 * changed under us: that asks for a person, and for another plan. One that is still as planned was changed before;
 * rows of how it was are taken where the target's column holds every value of theirs as it is.
 *
 * @throws SluiceError STREAM_SPILL_FORMAT a column came in binary before it had to be text
 * @throws SluiceError REPLICATE_TABLE_CHANGED the source's table changed after the plan was made
 * @throws SluiceError REPLICATE_OLD_ROWS rows of how it was do not fit the target's columns of now
 * @throws SluiceError REPLICATE_TEXT_NEEDED they do, but not in binary
 */
export async function expectColumns(
  relation: Relation,
  pair: TablePair,
  options: StreamColumnsOptions,
): Promise<void> {
  const planned = new Map(pair.source.columns.map((column) => [column.name, column]));
  const there = new Map(pair.target.columns.map((column) => [column.name, column]));
  const others: RelationColumn[] = [];
  for (const column of relation.columns) {
    const known = planned.get(column.name);
    const target = there.get(column.name);
    if (!isSameColumn(known, column)) others.push(column);
    else if (!known || !isWritable(target) || !fits(known, target, known))
      throw changed(relation, column, target);
    else if (options.streamFormat === 'binary') expectBinary(pair, known, target);
  }
  if (others.length === 0) return;
  const now = await columnsNow(options.source, pair);
  for (const column of others) {
    const known = planned.get(column.name);
    const target = there.get(column.name);
    if (!now || !isSameColumn(known, now.get(column.name))) throw changed(relation, column, target);
    await expectFits(column, { pair, known, there: target }, options);
  }
}

/** A binary stream is asked for only where every column may travel so: what does not was in a spill already. */
function expectBinary(pair: TablePair, known: Column, there: Column): void {
  if (pair.format === 'binary') return;
  const problem = binaryProblem(known, there, majorsOf(pair));
  if (problem === null) return;
  const table = displayName(pair.source);
  throw new SluiceError('STREAM_SPILL_FORMAT', { table, column: known.name, problem });
}

function majorsOf({ source, target }: TablePair): Majors {
  return { sourceMajor: source.serverMajor, targetMajor: target.serverMajor };
}

function isWritable(target: Column | undefined): target is Column {
  return target?.generated === '';
}

type TypedColumn = Pick<Column, 'typeOid' | 'typeModifier'> | undefined;

function isSameColumn(a: TypedColumn, b: TypedColumn): boolean {
  return a?.typeOid === b?.typeOid && a?.typeModifier === b?.typeModifier;
}

/** Null when the table is gone. */
async function columnsNow(
  source: Queryable,
  pair: TablePair,
): Promise<ReadonlyMap<string, Column> | null> {
  await settle(source, pair.source.oid);
  const [table] = await readTablesByOid(source, [pair.source.oid]);
  return table ? new Map(table.columns.map((column) => [column.name, column])) : null;
}

function changed(
  relation: Relation,
  column: RelationColumn,
  there: Column | undefined,
): SluiceError {
  const change = isWritable(there)
    ? `column ${column.name} of a type that is not the one it was started with`
    : `column ${column.name}, which the target cannot take`;
  return new SluiceError('REPLICATE_TABLE_CHANGED', { table: displayName(relation), change });
}

async function expectFits(
  column: RelationColumn,
  at: { pair: TablePair; known: Column | undefined; there: Column | undefined },
  { source, streamFormat, canAskForText }: StreamColumnsOptions,
): Promise<void> {
  const { pair, known, there } = at;
  const table = displayName(pair.source);
  const refuse = (type: string, problem: string): SluiceError =>
    new SluiceError('REPLICATE_OLD_ROWS', { table, column: `${column.name} ${type}`, problem });
  if (!isWritable(there)) throw refuse('', 'has no such column to write to');
  const then = await describeColumn(source, column, known, there);
  if (!then) throw refuse('', `has ${there.displayType}, and what it was is no longer known`);
  if (!fits(then, there, known)) throw refuse(then.displayType, `has ${there.displayType}`);
  if (streamFormat === 'text') return;
  // The modifier is the receiver's matter: the binary forms are the same.
  const sent = { ...then, effectiveModifier: there.effectiveModifier };
  if (binaryProblem(sent, there, majorsOf(pair)) === null) return;
  if (!canAskForText) throw refuse(then.displayType, `has ${there.displayType}`);
  throw new SluiceError('REPLICATE_TEXT_NEEDED', { table, column: column.name });
}

interface TypeFacts {
  readonly shape: string | null;
  readonly modifier: number;
  readonly labels: readonly string[];
  readonly name: string;
}

/** A column as it was, in the catalog's terms; null when its type is gone, or made of others. */
async function describeColumn(
  source: Queryable,
  column: RelationColumn,
  known: Column | undefined,
  there: Column,
): Promise<Column | null> {
  const { typeOid, typeModifier } = column;
  const { rows } = await source.query(readType, [String(typeOid), String(typeModifier)]);
  if (!rows[0]) return null;
  const facts: TypeFacts = JSON.parse(String(rows[0]['facts']));
  const base = { typeOid, typeModifier, displayType: facts.name };
  // Both columns are of the same type: then its parts are the same, too.
  const twin = known?.typeOid === typeOid ? known : twinOf(typeOid, there);
  if (twin) return { ...twin, ...base, effectiveModifier: Math.max(typeModifier, facts.modifier) };
  if (facts.shape === null) return null;
  const effectiveModifier = Math.max(typeModifier, facts.modifier);
  const enums = facts.shape === 'enum' ? [facts.labels] : [];
  return { ...there, ...base, shape: facts.shape, enums, effectiveModifier };
}

/** Below, oids are the server's own, and mean the same type everywhere. */
const firstUserOid = 16_384;

function twinOf(typeOid: number, there: Column): Column | null {
  return typeOid === there.typeOid && typeOid < firstUserOid ? there : null;
}

/**
 * True when the target holds every value as it is. Where its column is as the source's is now, also when the
 * value is written otherwise there (1.5 and 1.5000): the source wrote its old rows anew, too.
 */
function fits(then: Column, there: Column, known: Column | undefined): boolean {
  const { differences } = compareColumns(
    { columns: [{ ...then, isNotNull: true }], serverMajor: 0 },
    { columns: [there], serverMajor: 0 },
  );
  if (differences.every(({ kind }) => kind === 'wider')) return true;
  const isAsSource =
    known?.shape === there.shape && known.effectiveModifier === there.effectiveModifier;
  return isAsSource && then.shape === there.shape && isRoomier(then, there);
}

function isRoomier(then: Column, there: Column): boolean {
  switch (then.shape) {
    case 'bpchar':
      return there.effectiveModifier >= then.effectiveModifier;
    case 'numeric': {
      if (then.effectiveModifier === -1) return false;
      const [from, to] = [
        numericDigits(then.effectiveModifier),
        numericDigits(there.effectiveModifier),
      ];
      return to.scale >= from.scale && to.whole >= from.whole;
    }
    default:
      return false;
  }
}

/** numeric(p,s) is stored as ((p << 16) | (s & 0x7ff)) + 4; a scale may be negative. */
function numericDigits(modifier: number): { whole: number; scale: number } {
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return { scale, whole: (((modifier - 4) >> 16) & 0xffff) - scale };
}
