import { loadSql, readFacts, type Queryable } from './sql.ts';
import type { TableName } from './table.ts';

export interface Sequence extends TableName {
  readonly oid: number;
  readonly typeName: string;
  /** Numbers as text: they reach 2^63. */
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: string;
  readonly cycles: boolean;
  readonly persistence: 'p' | 'u';
  /** Null when it was never used, or the role may not see it. */
  readonly lastValue: string | null;
  /** The column it fills, when it belongs to one (serial, identity). */
  readonly ownedBy: {
    readonly schema: string;
    readonly name: string;
    readonly column: string;
    readonly isIdentity: boolean;
  } | null;
}

const readSequencesSql = loadSql('read-sequences');

/** All sequences of users, owned by a column or free, by schema and name. */
export async function readSequences(db: Queryable): Promise<Sequence[]> {
  return await readFacts(db, readSequencesSql);
}
