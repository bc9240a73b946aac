import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Session } from '../../src/session/index.ts';
import { encodeValue } from '../../src/sink/change/encode-value.ts';
import { valueTypeOf } from '../../src/sink/index.ts';
import { anyMajor, postgres } from '../kit/index.ts';

const server = postgres(anyMajor);

/** A value as the stream sends it, and its type. */
async function typed(
  expressions: readonly string[],
): Promise<{ text: string | null; oid: number }[]> {
  const database = await server.database(
    "CREATE DOMAIN cents AS int; CREATE TYPE mood AS ENUM ('ok')",
  );
  const session = await Session.connect(database.url);
  try {
    const values: { text: string | null; oid: number }[] = [];
    for (const expression of expressions) {
      const { rows } = await session.query(
        `SELECT (${expression})::text AS text, pg_catalog.pg_typeof(${expression})::oid::text AS oid`,
      );
      values.push({ text: rows[0]!['text'] ?? null, oid: Number(rows[0]!['oid']) });
    }
    return values;
  } finally {
    await session.close();
  }
}

/** By expression of SQL, what a program reads from the JSON. */
const cases: readonly [string, unknown][] = [
  ['NULL::int', null],
  ['true', true],
  ['false', false],
  ['32767::int2', 32_767],
  ['-2147483648', -2_147_483_648],
  ['9007199254740993::int8', '9007199254740993'],
  ['1::int8', '1'],
  ['12.50::numeric', '12.50'],
  ["'NaN'::numeric", 'NaN'],
  ['4294967295::oid', 4_294_967_295],
  ['0.1::float8', 0.1],
  ['0.1::float4', 0.1],
  ['1e300::float8', 1e300],
  ['1e-300::float8', 1e-300],
  ["'-0'::float8", -0],
  ["'NaN'::float8", 'NaN'],
  ["'-Infinity'::float8", '-Infinity'],
  [`E'a "b"\\n\\\\ \\u0001 grüße 😀'::text`, 'a "b"\n\\ \u0001 grüße 😀'],
  ["''::text", ''],
  ["'\\x00ff10'::bytea", 'AP8Q'],
  ["''::bytea", ''],
  [`'{"a": [1, 2.50, null], "b": "ü"}'::json`, { a: [1, 2.5, null], b: 'ü' }],
  [`'{"b": 1, "a": {}}'::jsonb`, { a: {}, b: 1 }],
  [`'"text"'::jsonb`, 'text'],
  ["'2026-01-02 03:04:05.678901+00'::timestamptz", '2026-01-02 03:04:05.678901+00'],
  ["'infinity'::date", 'infinity'],
  ["'1 day 02:00'::interval", '1 day 02:00:00'],
  ["'6f0c1a9e-0000-4000-8000-000000000001'::uuid", '6f0c1a9e-0000-4000-8000-000000000001'],
  ["'[1,5)'::int4range", '[1,5)'],
  ["'(1,2)'::point", '(1,2)'],
  ['ARRAY[1,NULL,3]', [1, null, 3]],
  ["'{}'::int[]", []],
  [
    'ARRAY[[1,2],[3,4]]',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ["'[0:1]={7,8}'::int[]", [7, 8]],
  [
    `ARRAY['a,b', 'q"\\', '', 'NULL', NULL, ' x ', '{}', E'\\n']`,
    ['a,b', 'q"\\', '', 'NULL', null, ' x ', '{}', '\n'],
  ],
  ["ARRAY['\\x01'::bytea, '\\x02']", ['AQ==', 'Ag==']],
  [`ARRAY['{"a":"b"}'::jsonb, 'null', NULL]`, [{ a: 'b' }, null, null]],
  ['ARRAY[true,false]', [true, false]],
  ['ARRAY[1::int8]', ['1']],
];

describe('a value as JSON', () => {
  test('is what its type says, as PostgreSQL writes it', async () => {
    const values = await typed(cases.map(([expression]) => expression));
    for (const [i, [expression, expected]] of cases.entries()) {
      const { text, oid } = values[i]!;
      // A cast to text is another word than the type's own output.
      const sent = oid === 16 && text !== null ? text.slice(0, 1) : text;
      expect(JSON.parse(encodeValue(sent, valueTypeOf(oid))), expression).toEqual(expected);
    }
  });

  test('of any text in an array is that text', async () => {
    const database = await server.database();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(fc.string({ unit: 'grapheme' }))), async (texts) => {
        const sendable = texts.map((text) => text?.replaceAll('\u0000', '') ?? null);
        const literal = await database.value<string>('SELECT $1::text[]::text', [sendable]);
        expect(JSON.parse(encodeValue(literal, valueTypeOf(1009)))).toEqual(sendable);
      }),
      { numRuns: 200 },
    );
  });

  test('of a domain is that of the type under it, of an array of an own type an array', () => {
    const links = new Map([
      [20_000, { baseOid: 23, elementOid: null }],
      [20_001, { baseOid: null, elementOid: 20_000 }],
      [20_002, { baseOid: 20_001, elementOid: null }],
    ]);
    const linkOf = (oid: number) => links.get(oid) ?? null;
    expect(encodeValue('7', valueTypeOf(20_000, linkOf))).toBe('7');
    expect(encodeValue('{7,8}', valueTypeOf(20_002, linkOf))).toBe('[7,8]');
    expect(encodeValue('ok', valueTypeOf(20_003, linkOf))).toBe('"ok"');
  });
});
