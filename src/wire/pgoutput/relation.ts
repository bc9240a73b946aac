import type { Oid } from '../lsn.ts';
import type { MessageReader } from '../message-reader.ts';
import { openMessage, readXid } from './pgoutput-reader.ts';
import { PgoutputTag } from './tags.ts';

/** pg_class.relreplident: default (primary key), nothing, full, or an index. */
export type ReplicaIdentity = 'd' | 'n' | 'f' | 'i';

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: Oid;
  readonly typeModifier: number;
  /** Part of the replica identity; true for every column of FULL. */
  readonly isKey: boolean;
}

/** A table as the source had it when the following changes were made. */
export interface Relation {
  /** The (sub)transaction, inside a streamed one; 0 outside. */
  readonly xid: number;
  readonly oid: Oid;
  readonly schema: string;
  readonly name: string;
  readonly replicaIdentity: ReplicaIdentity;
  /** The published columns, in the order of the tuples' cells. */
  readonly columns: readonly RelationColumn[];
}

/** Flags, a name's zero byte, type and type modifier. */
const leastColumnBytes = 10;
const keyFlag = 1;

export function readRelation(
  bytes: Buffer,
  start: number,
  end: number,
  isStreamed: boolean,
): Relation {
  const reader = openMessage('Relation', PgoutputTag.relation, bytes, start, end);
  const xid = readXid(reader, isStreamed);
  const oid = reader.oid();
  const schema = readSchema(reader);
  const name = reader.text();
  const replicaIdentity = readIdentity(reader);
  const count = reader.count(reader.int16(), leastColumnBytes);
  const columns: RelationColumn[] = [];
  for (let i = 0; i < count; i++) columns.push(readColumn(reader));
  reader.finish();
  return { xid, oid, schema, name, replicaIdentity, columns };
}

/** Schema pg_catalog is sent as an empty name. */
export function readSchema(reader: MessageReader): string {
  return reader.text() || 'pg_catalog';
}

function readIdentity(reader: MessageReader): ReplicaIdentity {
  const letter = String.fromCharCode(reader.byte());
  if (letter === 'd' || letter === 'n' || letter === 'f' || letter === 'i') return letter;
  throw reader.bad('replica identity d, n, f or i', JSON.stringify(letter));
}

function readColumn(reader: MessageReader): RelationColumn {
  const flags = reader.byte();
  if ((flags & ~keyFlag) !== 0) throw reader.bad('column flags 0 or 1', flags);
  return {
    name: reader.text(),
    typeOid: reader.oid(),
    typeModifier: reader.int32(),
    isKey: flags === keyFlag,
  };
}
