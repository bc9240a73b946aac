import * as fc from 'fast-check';
import type { WorkloadTable } from './schema.ts';
import {
  day,
  float,
  key,
  kind,
  literal,
  numeric,
  smallInt,
  sqlOf,
  text,
  timestamp,
  toastSql,
} from './values.ts';

/** How to make statements on one table. Every string is SQL. */
export interface TableShape {
  readonly table: WorkloadTable;
  /** Key columns; empty where a row cannot be named. */
  readonly key: readonly string[];
  /** Key values, in the order of `key`. */
  readonly keys: fc.Arbitrary<readonly string[]>;
  /** The other columns that statements may set. */
  readonly columns: Readonly<Record<string, fc.Arbitrary<string>>>;
  /** Changing its key may break a foreign key, a partition bound or a constraint: allowed to fail. */
  readonly canChangeKey: boolean;
}

const note = fc.oneof({ weight: 3, arbitrary: sqlOf(text) }, { weight: 1, arbitrary: toastSql });
const one = (values: fc.Arbitrary<string>): fc.Arbitrary<readonly string[]> =>
  values.map((value) => [value]);
const intKey = one(key.map(String));

/** One of a few UUIDs, so that updates and deletes find rows. */
const uuid = key.map((n) => literal(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`));

const typed = {
  flags: sqlOf(fc.constantFrom('{}', '{t,f,NULL}', '[2:3]={t,f}')),
  names: sqlOf(fc.constantFrom('{}', '{a,"b c","d\\"e",NULL,"NULL",""}', '{{a,b},{c,d}}')),
  grid: sqlOf(fc.constantFrom('{}', '{{1,2},{3,NULL}}')),
  mood: sqlOf(fc.constantFrom('sad', 'ok', 'happy')),
  moods: sqlOf(fc.constantFrom('{}', '{sad,NULL,happy}')),
  price: sqlOf(fc.constantFrom('(1.50,EUR)', '(,)', '(NaN,"a ""b"", c")')),
  prices: sqlOf(fc.constantFrom('{}', '{"(1,EUR)",NULL,"(,\\"x,y\\")"}')),
  size: sqlOf(fc.integer({ min: 1, max: 9 })),
  doc: sqlOf(fc.json({ maxDepth: 2 }).filter((json) => !/\\u0000|\\ud[89a-f]/i.test(json))),
  raw: sqlOf(fc.constantFrom('{"a": 1,  "a": 2}', '[ ]', ' null')),
  during: sqlOf(fc.constantFrom('empty', '(,)', '[2026-01-01 00:00+00,infinity)')),
  spread: sqlOf(fc.constantFrom('{}', '{[1,3),[7,9)}')),
  floats: sqlOf(fc.constantFrom('empty', '[0.1,NaN]', '(-Infinity,)')),
  bytes: sqlOf(fc.uint8Array({ maxLength: 20 }).map((b) => `\\x${Buffer.from(b).toString('hex')}`)),
  every: sqlOf(fc.constantFrom('1 mon -1 day 00:00:00.000001', '-178000000 years', '0')),
  address: sqlOf(fc.constantFrom('10.0.0.1', '10.0.0.0/8', '::1/64')),
  bits: sqlOf(fc.constantFrom('', '1', '010101010')),
  f4: sqlOf(fc.constantFrom('0', '-0', '1.1', 'NaN', 'Infinity', '1e-45')),
  f8: sqlOf(float),
  n: sqlOf(numeric),
  padded: sqlOf(fc.constantFrom('', 'a', 'abc  ', 'abcdefgh')),
  born: sqlOf(fc.constantFrom('infinity', '4713-01-01 BC', '5874897-12-31', '2026-02-28')),
  clock: sqlOf(fc.constantFrom('00:00:00+00', '24:00:00-15:59', '12:34:56.789+05:45')),
  words: sqlOf(fc.constantFrom('', "'a':1A,3 'b':2")),
  spot: sqlOf(fc.constantFrom('(0,-0)', '(NaN,Infinity)', '(1e-300,1)')),
};

export const shapes: readonly TableShape[] = [
  {
    table: 'work.plain',
    key: ['id'],
    keys: intKey,
    columns: {
      a: sqlOf(smallInt),
      b: sqlOf(text),
      big: note,
      n: sqlOf(numeric),
      at: sqlOf(timestamp),
    },
    canChangeKey: true,
  },
  {
    table: 'work.composite',
    key: ['region', 'id'],
    keys: fc.tuple(fc.constantFrom('eu', 'us', '').map(literal), key.map(String)),
    columns: { name: sqlOf(text), amount: sqlOf(smallInt), note },
    canChangeKey: true,
  },
  {
    table: 'work.identity_full',
    key: ['a'],
    keys: intKey,
    columns: { b: sqlOf(text), c: sqlOf(float), big: note },
    canChangeKey: true,
  },
  {
    table: 'work.identity_index',
    key: ['code', 'version'],
    keys: fc.tuple(
      fc.constantFrom('x', 'y', 'é').map(literal),
      fc.integer({ min: 1, max: 9 }).map(String),
    ),
    columns: { label: sqlOf(text), tag: sqlOf(fc.integer({ min: 1, max: 200 })), body: note },
    canChangeKey: true,
  },
  {
    table: 'work.keyless',
    key: [],
    keys: fc.constant([]),
    columns: { a: sqlOf(smallInt), b: sqlOf(text) },
    canChangeKey: false,
  },
  {
    table: 'work.generated',
    key: ['id'],
    keys: intKey,
    columns: { a: sqlOf(smallInt), b: sqlOf(smallInt) },
    canChangeKey: true,
  },
  {
    // The identity column is ALWAYS: statements name rows by it but never set it.
    table: 'work.counted',
    key: ['id'],
    keys: intKey,
    columns: { name: sqlOf(text) },
    canChangeKey: false,
  },
  { table: 'work.types', key: ['id'], keys: one(uuid), columns: typed, canChangeKey: true },
  {
    table: 'work.events',
    key: ['id', 'day'],
    keys: fc.tuple(key.map(String), day.map(literal)),
    columns: { kind: kind.map(literal), payload: note },
    canChangeKey: true,
  },
  {
    table: 'work.parent',
    key: ['id'],
    keys: intKey,
    columns: { name: sqlOf(text) },
    canChangeKey: true,
  },
  {
    table: 'work.child',
    key: ['id'],
    keys: intKey,
    columns: {
      parent_id: fc.oneof(
        fc.constant('NULL'),
        key.map((n) => `(SELECT id FROM work.parent WHERE id >= ${n} ORDER BY id LIMIT 1)`),
      ),
      note: sqlOf(text),
    },
    canChangeKey: true,
  },
  {
    table: 'work.places',
    key: ['id'],
    keys: intKey,
    columns: {
      seat: sqlOf(fc.integer({ min: 1, max: 200 })),
      rank: sqlOf(fc.integer({ min: 1, max: 200 })),
      who: sqlOf(text),
    },
    canChangeKey: true,
  },
  {
    table: '"Odd Schema"."Ta""ble"',
    key: ['"order"'],
    keys: intKey,
    columns: {
      '"Sp ace"': sqlOf(text),
      '"quo""te"': sqlOf(text),
      '"select"': sqlOf(fc.boolean()),
      '"ünïcode"': sqlOf(text),
    },
    canChangeKey: true,
  },
];
