import * as fc from 'fast-check';

/** Keys come from a small range, so that statements meet each other's rows. */
export const key = fc.integer({ min: 1, max: 40 });

/** Values that a careless codec gets wrong: escapes, empty, quotes, line ends, backslashes, non-ASCII. */
export const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\\N',
    '\\.',
    'a\tb',
    'a\nb\r\nc',
    "it's",
    '"quoted"',
    'null',
    '{}',
    'ü€😀',
  ),
  fc.string({ maxLength: 12, unit: 'grapheme-ascii' }),
  fc.string({ maxLength: 6, unit: 'binary' }).map((value) => value.replaceAll('\0', '')),
);

export const smallInt = fc.integer({ min: -1000, max: 1000 });

export const float = fc.constantFrom(
  '0',
  '-0',
  '1.5',
  'NaN',
  'Infinity',
  '-Infinity',
  '5e-324',
  '1e300',
);

export const numeric = fc.oneof(
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '0.00', '-0.1', '1e40', '123456789.123456789'),
  fc.integer().map(String),
);

export const timestamp = fc.oneof(
  fc.constantFrom(
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00+00 BC',
    '294276-12-31 23:59:59.999999+00',
  ),
  fc.integer({ min: 0, max: 2_000_000_000 }).map((second) => new Date(second * 1000).toISOString()),
);

/** Days on both sides of every partition bound. */
export const day = fc.constantFrom(
  '2025-06-01',
  '2025-12-31',
  '2026-01-01',
  '2026-07-01',
  '2027-01-01',
);

export const kind = fc.constantFrom('a', 'b', 'c');

/** SQL for a value too long to stay in its row: the server builds it, so programs stay readable. */
export const toastSql = fc
  .tuple(fc.integer({ min: 0, max: 999_999 }), fc.constantFrom(80, 200, 1000))
  .map(
    ([salt, pieces]) =>
      `(SELECT string_agg(md5('${salt}.' || i), '') FROM generate_series(1, ${pieces}) AS i)`,
  );

/** A literal of unknown type: the column decides. */
export function literal(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  const escaped = String(value).replaceAll("'", "''");
  return escaped.includes('\\') ? `E'${escaped.replaceAll('\\', '\\\\')}'` : `'${escaped}'`;
}

/** SQL of a value, NULL now and then. */
export function sqlOf(values: fc.Arbitrary<string | number | boolean>): fc.Arbitrary<string> {
  return fc.option(values, { freq: 6 }).map(literal);
}
