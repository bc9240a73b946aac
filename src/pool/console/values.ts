import type { MessageBuffer } from '../../wire/index.ts';

/** The types of the console's columns, by PostgreSQL's numbers. */
const types = {
  text: { oid: 25, size: -1 },
  bytea: { oid: 17, size: -1 },
  int4: { oid: 23, size: 4 },
  int8: { oid: 20, size: 8 },
  numeric: { oid: 1700, size: -1 },
} as const;

export interface Column {
  readonly name: string;
  readonly type: keyof typeof types;
}

/** A text column holds strings, the others whole numbers. */
export type Cell = string | number | bigint | null;

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** `columns('name port:int4')`: what has no type is text. */
export function columns(text: string): Column[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [name = '', type = 'text'] = word.split(':');
      if (!isType(type)) throw new Error(`no such type: ${type}`);
      return { name, type };
    });
}

function isType(text: string): text is keyof typeof types {
  return text in types;
}

export function typeOf({ type }: Column): { oid: number; size: number } {
  return types[type];
}

/** Writes the length and the value, as a DataRow has them. */
export function writeCell(
  out: MessageBuffer,
  cell: Cell,
  { type }: Column,
  isBinary: boolean,
): void {
  if (cell === null) {
    out.int32(-1);
    return;
  }
  if (!isBinary || type === 'text' || type === 'bytea') {
    out.countedText(String(cell));
    return;
  }
  const number = BigInt(cell);
  switch (type) {
    case 'int4':
      out.int32(4);
      out.int32(Number(BigInt.asIntN(32, number)));
      return;
    case 'int8':
      out.int32(8);
      out.int64(BigInt.asIntN(64, number));
      return;
    default:
      writeNumeric(out, number);
  }
}

/**
 * A whole number as PostgreSQL sends a numeric: how many digits to the base 10 000, the power of the first,
 * sign, digits after the point, digits.
 */
function writeNumeric(out: MessageBuffer, number: bigint): void {
  const digits: number[] = [];
  for (let rest = number < 0n ? -number : number; rest > 0n; rest /= 10_000n) {
    digits.unshift(Number(rest % 10_000n));
  }
  out.int32(8 + 2 * digits.length);
  out.int16(digits.length);
  out.int16(Math.max(0, digits.length - 1));
  out.int16(number < 0n ? negativeSign : 0);
  out.int16(0);
  for (const digit of digits) out.int16(digit);
}

const negativeSign = 0x4000;
