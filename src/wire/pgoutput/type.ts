import type { Oid } from '../lsn.ts';
import { openMessage, readXid } from './pgoutput-reader.ts';
import { readSchema } from './relation.ts';
import { PgoutputTag } from './tags.ts';

/**
 * A user-defined type of the source; its OID means nothing elsewhere, its name does. A domain comes with
 * its own OID and the name of the type it is made of.
 */
export interface TypeMessage {
  /** The (sub)transaction, inside a streamed one; 0 outside. */
  readonly xid: number;
  readonly oid: Oid;
  readonly schema: string;
  readonly name: string;
}

export function readType(
  bytes: Buffer,
  start: number,
  end: number,
  isStreamed: boolean,
): TypeMessage {
  const reader = openMessage('Type', PgoutputTag.type, bytes, start, end);
  const type = {
    xid: readXid(reader, isStreamed),
    oid: reader.oid(),
    schema: readSchema(reader),
    name: reader.text(),
  };
  reader.finish();
  return type;
}
