import { z } from 'zod';
import { duration, formatDuration } from '../../../service/index.ts';
import { Secret } from '../../../session/index.ts';

/** How a kind of value is written in pgbouncer.ini, in SHOW CONFIG and in sluice.toml. */
export interface ValueType<T> {
  /** For messages and the reference page: "expected NAME". */
  readonly name: string;
  /** What a text of pgbouncer.ini means; undefined when it is no such value. */
  parse(text: string): T | undefined;
  /** Why a text that looks right is refused all the same. */
  refuse?(text: string): string | undefined;
  /** As SHOW CONFIG renders the value of this text. */
  show(text: string): string;
  /** What sluice.toml takes; it comes out as the text of pgbouncer.ini. */
  readonly toml: z.ZodType<string>;
  /** The TOML source of this text. */
  toToml(text: string): string;
}

const quote = (text: string) => JSON.stringify(text);

/** 0 or not 0. */
export const flag: ValueType<boolean> = {
  name: '0 or 1',
  parse(text) {
    const value = parseInteger(text);
    return value === undefined ? undefined : value !== 0;
  },
  show: showInteger,
  toml: z.boolean().transform((value) => (value ? '1' : '0')),
  toToml: (text) => String((parseInteger(text) ?? 0) !== 0),
};

/** As C reads it: 0x10 is 16, 010 is 8. */
export function integer(minimum: number, maximum: number = 2_147_483_647): ValueType<number> {
  return {
    name: `an integer ${minimum}..${maximum}`,
    parse(text) {
      const value = parseInteger(text);
      return value !== undefined && value >= minimum && value <= maximum ? value : undefined;
    },
    show: showInteger,
    toml: z.int().min(minimum).max(maximum).transform(String),
    toToml: showInteger,
  };
}

/** An integer where -1 says "not set". */
export function limit(): ValueType<number | null> {
  const inner = integer(-1);
  return {
    ...inner,
    name: 'an integer of at least 0 (-1: not set)',
    toml: integer(0).toml,
    parse(text) {
      const value = inner.parse(text);
      return value === -1 ? null : value;
    },
  };
}

/** Seconds, with fractions. pgBouncer keeps microseconds. */
export const seconds: ValueType<number> = {
  name: 'a number of seconds, at least 0',
  parse: parseSeconds,
  show: (text) => formatGeneral(parseSeconds(text) ?? 0),
  toml: duration()
    .transform((value) => String(Math.round(value * 1e6) / 1e6))
    .meta({ kind: 'duration' }),
  toToml: (text) => quote(formatDuration(parseSeconds(text) ?? 0)),
};

/** Seconds where -1 says "not set". */
export const optionalSeconds: ValueType<number | null> = {
  ...seconds,
  name: 'a number of seconds, at least 0 (-1: not set)',
  parse: (text) => (text === '-1' ? null : parseSeconds(text)),
};

export const text: ValueType<string> = {
  name: 'text',
  parse: (text) => text,
  show: (text) => text,
  toml: z.string().regex(/^[^\0]*$/, 'expected text without NUL'),
  toToml: quote,
};

/** The name of a file: in pgbouncer.ini from the current folder on, in sluice.toml from its own. */
export const path: ValueType<string> = { ...text, name: 'the name of a file' };

/** Text that is never shown. */
export const secret: ValueType<Secret> = {
  ...text,
  parse: (text) => new Secret(text),
  show: () => '***',
};

/** Names between commas. */
export const list: ValueType<readonly string[]> = {
  name: 'a list of names with commas between them',
  parse: splitList,
  show: (text) => text,
  toml: z
    .array(
      z
        .string()
        .min(1)
        .regex(/^[^,\r\n]*$/, 'expected a name without commas'),
    )
    .transform((names) => names.join(',')),
  toToml: (text) => `[${splitList(text).map(quote).join(', ')}]`,
};

/** One of several words, in any case. `refused` are words that pgBouncer knows and we do not. */
export function choice<T extends string>(
  words: readonly T[],
  refused: Readonly<Record<string, string>> = {},
): ValueType<T> {
  const find = (text: string) => words.find((word) => word === text.toLowerCase());
  return {
    name: `one of ${words.join(', ')}`,
    parse: find,
    refuse: (text) => refused[text.toLowerCase()],
    show: (text) => find(text) ?? text,
    toml: z.enum(words),
    toToml: (text) => quote(find(text) ?? text),
  };
}

/** Permission bits, which people write in octal. */
export const fileMode: ValueType<number> = {
  ...integer(0, 0o7777),
  name: 'permission bits such as 0770',
  toml: z.string().regex(/^0[0-7]{1,4}$/, 'expected permission bits such as "0770"'),
  toToml: (text) => quote(`0${(parseInteger(text) ?? 0).toString(8).padStart(3, '0')}`),
};

export function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function parseInteger(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const isOctal = /^0\d/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return sign === '-' ? 0 - value : value;
}

function showInteger(text: string): string {
  return String(parseInteger(text) ?? text);
}

/** A hundred years: more is a slip, and JavaScript could not count its microseconds. */
const mostSeconds = 3_155_760_000;

function parseSeconds(text: string): number | undefined {
  if (!/^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Math.round(Number(text) * 1e6) / 1e6;
  return value <= mostSeconds ? value : undefined;
}

/** C's `%g`: six digits that count, an exponent where that is shorter. */
function formatGeneral(value: number): string {
  if (value === 0) return '0';
  const [digits = '', exponent = '0'] = value.toExponential(5).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  const sign = power < 0 ? '-' : '+';
  return `${Number(digits)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}
