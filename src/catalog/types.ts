/** A type as `pg_type` has it, with what it is made of. */
export interface TypeFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** base, composite, domain, enum, range, multirange, pseudo */
  readonly kind: 'b' | 'c' | 'd' | 'e' | 'r' | 'm' | 'p';
  readonly isArray: boolean;
  readonly elementOid: number;
  readonly baseOid: number;
  readonly baseModifier: number;
  readonly subtypeOid: number | null;
  readonly attributes: readonly {
    readonly name: string;
    readonly typeOid: number;
    readonly typeModifier: number;
  }[];
  readonly labels: readonly string[];
  readonly hasBinary: boolean;
  readonly extension: string | null;
}

export interface TypeSummary {
  readonly shape: string;
  readonly hasBinary: boolean;
  readonly isReg: boolean;
  readonly extensions: readonly string[];
  readonly enums: readonly (readonly string[])[];
  /** What the innermost domain fixes; -1 for none, and for types that are no domain. */
  readonly domainModifier: number;
  readonly baseTypeOid: number;
  readonly kind: TypeFacts['kind'];
}

export type Types = ReadonlyMap<number, TypeFacts>;

/**
 * OID aliases: their text is a name, their binary form a number that means another object, or none,
 * in another database, without any error.
 */
const regTypes = new Set([
  'regclass',
  'regcollation',
  'regconfig',
  'regdatabase',
  'regdictionary',
  'regnamespace',
  'regoper',
  'regoperator',
  'regproc',
  'regprocedure',
  'regrole',
  'regtype',
]);

/** What a column of this type looks like in binary, all types inside it taken together. */
export function summarizeType(oid: number, types: Types): TypeSummary {
  const parts = typesInside(oid, types);
  return {
    shape: shapeOf(oid, types),
    hasBinary: parts.every((type) => type.hasBinary),
    isReg: parts.some((type) => type.schema === 'pg_catalog' && regTypes.has(type.name)),
    extensions: [...new Set(parts.flatMap((type) => type.extension ?? []))].toSorted(),
    enums: parts.filter((type) => type.kind === 'e').map((type) => type.labels),
    ...underDomains(oid, types),
    kind: factsOf(oid, types).kind,
  };
}

/**
 * `int4`, `(text,numeric:655366)[]`, `range<timestamptz>`: modifiers where a composite fixes them. A domain
 * is what is under it.
 */
function shapeOf(oid: number, types: Types): string {
  const type = factsOf(oid, types);
  if (type.isArray && type.kind === 'b') return `${shapeOf(type.elementOid, types)}[]`;
  switch (type.kind) {
    case 'd':
      return shapeOf(type.baseOid, types);
    case 'c':
      return `(${type.attributes.map((part) => withModifier(part, types)).join(',')})`;
    case 'r':
      return `range<${shapeOf(type.subtypeOid ?? 0, types)}>`;
    case 'm':
      return `multirange<${shapeOf(type.subtypeOid ?? 0, types)}>`;
    case 'e':
      return 'enum';
    default:
      return type.schema === 'pg_catalog' ? type.name : nameOf(type);
  }
}

/** The extension stands for the schema: the same extension may live in another one there. */
function nameOf(type: TypeFacts): string {
  return `${type.extension?.split(' ')[0] ?? type.schema}.${type.name}`;
}

function withModifier(part: TypeFacts['attributes'][number], types: Types): string {
  const shape = shapeOf(part.typeOid, types);
  const modifier = Math.max(part.typeModifier, underDomains(part.typeOid, types).domainModifier);
  return modifier === -1 ? shape : `${shape}:${modifier}`;
}

/** The type itself and all types it is made of. Types cannot contain themselves. */
function typesInside(oid: number, types: Types): TypeFacts[] {
  const type = factsOf(oid, types);
  const parts = [
    ...(type.isArray ? [type.elementOid] : []),
    ...(type.kind === 'd' ? [type.baseOid] : []),
    ...(type.subtypeOid === null ? [] : [type.subtypeOid]),
    ...type.attributes.map((part) => part.typeOid),
  ];
  return [type, ...parts.flatMap((part) => typesInside(part, types))];
}

/** Only one of nested domains can have a modifier: a domain over a domain takes none. */
function underDomains(
  oid: number,
  types: Types,
): Pick<TypeSummary, 'baseTypeOid' | 'domainModifier'> {
  const type = factsOf(oid, types);
  if (type.kind !== 'd') return { baseTypeOid: oid, domainModifier: -1 };
  const under = underDomains(type.baseOid, types);
  return { ...under, domainModifier: Math.max(type.baseModifier, under.domainModifier) };
}

function factsOf(oid: number, types: Types): TypeFacts {
  const type = types.get(oid);
  if (type === undefined) throw new TypeError(`type ${oid} was not read with its table`);
  return type;
}
