import * as fc from 'fast-check';
import { escapeIdentifier, escapeLiteral } from 'pg';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly isKey: boolean;
}

export type Row = readonly (string | null)[];

export interface RandomTable {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Each changes some columns, by their numbers, of all rows. */
  readonly updates: readonly (readonly {
    readonly column: number;
    readonly value: string | null;
  }[])[];
  readonly options: readonly string[];
  readonly settings: readonly string[];
}

export const typeDefinitions = `
  create schema x;
  create domain x.whole as int;
  create domain x.yes as bool;
  create domain x.moment as timestamptz;
  create domain x.wholes as int[];
  create type x.mood as enum ('sad', 'so so', '(', '"', 'NULL');
  create type x.pair as (x int, y text, z timestamptz);
  create collation x.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`;

const hardCharacters = Array.from('\'"(){},=&%+ \\\t\n\r\u0001\u0002\u007faä日😀');

/** Text that is hard to quote somewhere. */
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0')),
  fc.string({ unit: fc.constantFrom(...hardCharacters), maxLength: 12 }),
  fc.constantFrom('', 'NULL', 'null', ' ', 't', '\\N', '-- no', '{}', '""'),
);

const anInstant = fc.constantFrom(
  '2020-01-02 03:04:05.678+00',
  '2020-07-01 00:00+02',
  '0044-03-15 12:00:00 BC',
  '20200-01-01 00:00',
  'infinity',
  '-infinity',
  '1900-01-01 00:00:00',
  '2020-10-25 00:30+00',
);
const aNumber = fc.constantFrom(
  '0',
  '-0',
  '1',
  '1.0',
  '1.00',
  '-12.5',
  'NaN',
  '1e-7',
  '123456789012',
);

/** Values of each type, as PostgreSQL reads them. */
const valuesOf: Readonly<Record<string, fc.Arbitrary<string>>> = {
  bool: fc.constantFrom('t', 'f'),
  int2: fc.constantFrom('0', '-32768', '7'),
  int4: fc.constantFrom('0', '-2147483648', '7'),
  int8: fc.constantFrom('9223372036854775807', '-1', '0'),
  oid: fc.constantFrom('0', '4294967295'),
  numeric: fc.oneof(aNumber, fc.constantFrom('Infinity', '99999999999999999999.000')),
  'numeric(10,2)': fc.constantFrom('1', '1.005', '-3.10'),
  float4: fc.oneof(aNumber, fc.constantFrom('Infinity', '0.1')),
  float8: fc.oneof(aNumber, fc.constantFrom('-Infinity', '0.1', '1e300')),
  '"char"': fc.constantFrom('a', '"', ' ', '\\'),
  name: fc.constantFrom('a name', 'plain'),
  'char(5)': fc.constantFrom('', 'ab', 'ab  ', '"x', 'x y'),
  bpchar: fc.constantFrom('', 'ab', 'ab  '),
  'varchar(20)': texts,
  text: texts,
  'text collate x.any_case': fc.constantFrom('a', 'A', 'b'),
  bytea: fc.uint8Array({ maxLength: 6 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  date: fc.constantFrom('2020-01-02', '0044-03-15 BC', 'infinity', '20200-12-31', '1999-12-31'),
  time: fc.constantFrom('03:04:05.678', '24:00'),
  timetz: fc.constantFrom('03:04:05+02', '12:00-11:30'),
  timestamp: anInstant,
  'timestamp(0)': anInstant,
  timestamptz: anInstant,
  interval: fc.constantFrom(
    '1 mon',
    '30 days',
    '-1 day 02:03:04.5',
    '1 year -1 mon',
    '0',
    '720:00',
  ),
  uuid: fc.constantFrom('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
  inet: fc.constantFrom('10.0.0.1', '10.0.0.1/8', '::1'),
  cidr: fc.constantFrom('10.0.0.0/8'),
  macaddr: fc.constantFrom('08:00:2b:01:02:03'),
  money: fc.constantFrom('12.34', '-1234567.8'),
  'bit(3)': fc.constantFrom('101'),
  varbit: fc.constantFrom('', '10101'),
  json: fc.oneof(
    fc.constantFrom('{"a" : 1}', '{"a":1}', 'null', '"x"'),
    fc.json({ maxDepth: 2 }).filter((json) => !json.includes('\\u0000')),
  ),
  jsonb: fc.constantFrom('{"a":1.0}', '{"a":1.00}', 'null', '"x"', '[1,"b c"]'),
  xml: fc.constantFrom('<a>x &amp; y</a>', 'text'),
  tsvector: fc.constantFrom("'a':1A 'it''s'", ''),
  tsquery: fc.constantFrom('a & !b'),
  point: fc.constantFrom('(1,2)', '(1.5,-0)'),
  box: fc.constantFrom('(0,0),(2,2)', '(0,0),(1,4)'),
  int4range: fc.constantFrom('[1,5)', 'empty', '(,7]'),
  numrange: fc.constantFrom('[1.0,2]', '[1.00,2.0]'),
  tstzrange: fc.constantFrom('[2020-01-01,2021-01-01)'),
  int4multirange: fc.constantFrom('{[1,3),[5,7)}', '{}'),
  'int4[]': fc.constantFrom('{1,2}', '{}', '{{1},{NULL}}', '[0:1]={1,2}'),
  'numeric[]': fc.constantFrom('{1.0}', '{1.00}'),
  'text[]': fc.array(texts, { maxLength: 3 }).map((list) => arrayLiteral(list)),
  'bool[]': fc.constantFrom('{t,f,NULL}'),
  'timestamptz[]': fc.constantFrom('{"2020-01-02 03:04:05+00"}'),
  regclass: fc.constantFrom('pg_class', 'x.t', '0'),
  regproc: fc.constantFrom('now'),
  pg_lsn: fc.constantFrom('0/16B3740'),
  tid: fc.constantFrom('(1,2)'),
  xid: fc.constantFrom('123'),
  txid_snapshot: fc.constantFrom('10:20:10,14'),
  jsonpath: fc.constantFrom('$.a[*] ? (@ > 1)'),
  int2vector: fc.constantFrom('1 2 3'),
  oidvector: fc.constantFrom('1 2'),
  'x.whole': fc.constantFrom('5', '-5'),
  'x.yes': fc.constantFrom('t', 'f'),
  'x.moment': anInstant,
  'x.wholes': fc.constantFrom('{1}', '[0:0]={1}'),
  'x.mood': fc.constantFrom('sad', 'so so', '(', '"', 'NULL'),
  'x.mood[]': fc.constantFrom('{sad,"so so"}'),
  'x.pair': fc.constantFrom('(1,"a b",2020-01-01)', '(,,)', '(1,"""",)'),
  'x.pair[]': fc.constantFrom('{"(1,\\"a b\\",)",NULL}'),
};

const keyTypes = [
  'int4',
  'int8',
  'numeric',
  'text',
  'varchar(20)',
  'char(5)',
  'timestamptz',
  'uuid',
  'float8',
  'date',
  'bytea',
  'text collate x.any_case',
  'interval',
  'int4[]',
  'x.mood',
];

const names = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom(
      'id',
      'a',
      'select',
      'A b',
      'x,y',
      '_pgq_ev_extra3',
      '_pgq_ev_type',
      '"',
      '%',
      'ü=&',
      "it's",
    ),
    fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((name) => !name.includes('\0') && name.trim() === name && !name.startsWith('_pgq')),
  ),
  { minLength: 1, maxLength: 12 },
);

const settings = fc.tuple(
  fc
    .constantFrom('ISO, DMY', 'SQL, DMY', 'SQL, MDY', 'German', 'Postgres, DMY')
    .map((v) => `datestyle = '${v}'`),
  fc
    .constantFrom('UTC', 'Europe/Tallinn', 'America/New_York', 'Asia/Kolkata')
    .map((v) => `timezone = '${v}'`),
  fc
    .constantFrom('postgres', 'postgres_verbose', 'sql_standard', 'iso_8601')
    .map((v) => `intervalstyle = '${v}'`),
  fc.constantFrom('hex', 'escape').map((v) => `bytea_output = '${v}'`),
  fc.constantFrom('1', '1', '0', '-3').map((v) => `extra_float_digits = ${v}`),
);

export const randomTables: fc.Arbitrary<RandomTable> = names.chain((columnNames) =>
  fc
    .record({
      keys: fc.uniqueArray(fc.nat(columnNames.length - 1), { maxLength: 2 }),
      types: fc.tuple(...columnNames.map(() => fc.constantFrom(...Object.keys(valuesOf)))),
      keyTypes: fc.tuple(...columnNames.map(() => fc.constantFrom(...keyTypes))),
    })
    .map(({ keys, types, keyTypes: ofKeys }) =>
      columnNames.map((name, nr): Column => {
        const isKey = keys.includes(nr) && !name.startsWith('_pgq_ev_');
        return { name, type: isKey ? ofKeys[nr]! : types[nr]!, isKey };
      }),
    )
    .chain(changesOf),
);

function changesOf(columns: readonly Column[]): fc.Arbitrary<RandomTable> {
  const row = fc.tuple(...columns.map(valueOf));
  const change = fc
    .nat(columns.length - 1)
    .chain((column) => valueOf(columns[column]!).map((value) => ({ column, value })));
  return fc.record({
    columns: fc.constant(columns),
    rows: fc.array(row, { minLength: 1, maxLength: 2 }),
    updates: fc.array(
      fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: ({ column }) => column }),
      { maxLength: 4 },
    ),
    options: optionsOf(columns),
    settings,
  });
}

function valueOf({ type, isKey }: Column): fc.Arbitrary<string | null> {
  const value = valuesOf[type]!;
  return isKey ? value : fc.option(value, { freq: 5 });
}

function optionsOf(columns: readonly Column[]): fc.Arbitrary<string[]> {
  const plainNames = columns.map(({ name }) => name).filter(isPlain);
  if (plainNames.length === 0) return fc.constantFrom([], ['backup']);
  const column = fc.constantFrom(...plainNames);
  const list = fc.uniqueArray(column, { minLength: 1, maxLength: 3 }).map((each) => each.join(','));
  return fc.subarray(['ignore', 'pkey', 'backup', 'type'] as const).chain((kinds) =>
    fc.tuple(
      ...kinds.map((kind) => {
        if (kind === 'backup') return fc.constant('backup');
        if (kind === 'type')
          return fc.constantFrom('ev_extra4=1 + 1', "ev_type='x'", 'when=true', 'when=1=0');
        return list.map((value) => `${kind}=${value}`);
      }),
    ),
  );
}

/** Whether a name can be told from its neighbours in the original's lists, and is a column of the row. */
function isPlain(name: string): boolean {
  return /^[a-z]+$/i.test(name);
}

function arrayLiteral(list: readonly string[]): string {
  return `{${list.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

export function createTable({ columns }: RandomTable): string {
  const definitions = columns.map(({ name, type }) => `${escapeIdentifier(name)} ${type}`);
  const key = columns.filter(({ isKey }) => isKey).map(({ name }) => escapeIdentifier(name));
  const constraint = key.length === 0 ? [] : [`primary key (${key.join(', ')})`];
  return `create table x.t (${[...definitions, ...constraint].join(', ')})`;
}

export function statementsOf({ columns, rows, updates }: RandomTable): string[] {
  return [
    ...rows.map((row) => `insert into x.t values (${row.map(literal).join(', ')})`),
    ...updates.map(
      (changes) =>
        `update x.t set ${changes
          .map(
            ({ column, value }) => `${escapeIdentifier(columns[column]!.name)} = ${literal(value)}`,
          )
          .join(', ')}`,
    ),
    'delete from x.t',
  ];
}

function literal(value: string | null): string {
  return value === null ? 'null' : escapeLiteral(value);
}
