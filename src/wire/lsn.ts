import { SluiceError } from '../errors/index.ts';

/** A byte position in a server's write-ahead log. Comparable with `<`; 0 is "no position". */
export type Lsn = bigint & { readonly __lsn: true };

/** An object identifier of one database: unsigned 32 bits. Never valid in another database. */
export type Oid = number & { readonly __oid: true };

const lsnPattern = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** Names a number as a position. @throws PROTO_LSN  it does not fit in unsigned 64 bits */
export function lsn(value: bigint): Lsn {
  if (!isLsn(value)) throw new SluiceError('PROTO_LSN', { text: value });
  return value;
}

/** @throws PROTO_LSN  the text is not of the form `16/B374D848` */
export function parseLsn(text: string): Lsn {
  const match = lsnPattern.exec(text);
  if (!match) throw new SluiceError('PROTO_LSN', { text: JSON.stringify(text) });
  return lsn((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`));
}

/** As PostgreSQL prints it: two upper-case hexadecimal halves without leading zeros. */
export function formatLsn(position: Lsn): string {
  const high = (position >> 32n).toString(16);
  const low = (position & 0xffff_ffffn).toString(16);
  return `${high}/${low}`.toUpperCase();
}

/** Names a number as an OID. @throws PROTO_FIELD  it does not fit in unsigned 32 bits */
export function oid(value: number): Oid {
  if (!isOid(value)) {
    const details = { what: 'an OID', expected: 'unsigned 32 bits', got: value };
    throw new SluiceError('PROTO_FIELD', details);
  }
  return value;
}

function isLsn(value: bigint): value is Lsn {
  return value === BigInt.asUintN(64, value);
}

function isOid(value: number): value is Oid {
  return value === value >>> 0;
}
