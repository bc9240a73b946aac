/**
 * How a value is written in JSON.
 *
 * - `boolean`: `true`, `false`
 * - `number`: a JSON number; only for types whose every value a double holds exactly, or that are doubles. What is
 *   none (`NaN`, `Infinity`) is a string
 * - `json`: embedded as it is
 * - `bytes`: a string, in base64
 * - `text`: a string, as PostgreSQL writes the value: all others, `bigint` and `numeric` among them
 * - of an array: an array of those
 */
export type ValueType =
  'boolean' | 'number' | 'json' | 'bytes' | 'text' | { readonly array: ValueType };

/** What the source's catalog says of a type that is not PostgreSQL's own. */
export interface TypeLink {
  /** Of a domain: the type under it. */
  readonly baseOid: number | null;
  /** Of an array whose elements are separated by commas: their type. */
  readonly elementOid: number | null;
}

/** `pg_type.oid` of the types that are not `text`; PostgreSQL never changes them. */
const builtIn: ReadonlyMap<number, ValueType> = new Map<number, ValueType>([
  [16, 'boolean'],
  [17, 'bytes'],
  [21, 'number'], // int2
  [23, 'number'], // int4
  [26, 'number'], // oid
  [114, 'json'],
  [700, 'number'], // float4
  [701, 'number'], // float8
  [3802, 'json'], // jsonb
]);

/** Array types by their elements' type. */
const builtInArrays: ReadonlyMap<number, number> = new Map([
  [199, 114], // json
  [651, 650], // cidr
  [1000, 16], // bool
  [1001, 17], // bytea
  [1002, 18], // "char"
  [1003, 19], // name
  [1005, 21], // int2
  [1007, 23], // int4
  [1009, 25], // text
  [1014, 1042], // bpchar
  [1015, 1043], // varchar
  [1016, 20], // int8
  [1021, 700], // float4
  [1022, 701], // float8
  [1028, 26], // oid
  [1040, 829], // macaddr
  [1041, 869], // inet
  [1115, 1114], // timestamp
  [1182, 1082], // date
  [1183, 1083], // time
  [1185, 1184], // timestamptz
  [1187, 1186], // interval
  [1231, 1700], // numeric
  [1270, 1266], // timetz
  [2951, 2950], // uuid
  [3807, 3802], // jsonb
]);

/** Types below are PostgreSQL's own, and need no catalog (FirstNormalObjectId). */
const FIRST_USER_OID = 16_384;

/** @param linkOf asked for types that are not PostgreSQL's own; null: it knows nothing of it */
export function valueTypeOf(
  oid: number,
  linkOf: (oid: number) => TypeLink | null = () => null,
): ValueType {
  const element = builtInArrays.get(oid);
  if (element !== undefined) return { array: valueTypeOf(element) };
  if (oid < FIRST_USER_OID) return builtIn.get(oid) ?? 'text';
  const link = linkOf(oid);
  if (link === null) return 'text';
  if (link.baseOid !== null) return valueTypeOf(link.baseOid, linkOf);
  return link.elementOid === null ? 'text' : { array: valueTypeOf(link.elementOid, linkOf) };
}
