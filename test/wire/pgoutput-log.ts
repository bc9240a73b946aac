import {
  CellKind,
  describeTag,
  PgoutputTag,
  readBegin,
  readBeginPrepare,
  readCommit,
  readCommitPrepared,
  readLogicalMessage,
  readOrigin,
  readPrepare,
  readRelation,
  readRollbackPrepared,
  readRowChange,
  readStreamAbort,
  readStreamCommit,
  readStreamPrepare,
  readStreamStart,
  readStreamStop,
  readTruncate,
  readType,
  RowChange,
  type Relation,
  type TupleCells,
} from '../../src/wire/index.ts';

/** A row message as values: a string, null, or undefined for unchanged TOAST; binary cells as `\xHEX`. */
export interface LoggedChange {
  readonly op: 'insert' | 'update' | 'delete';
  readonly xid: number;
  readonly table: string;
  readonly oldKind: string;
  readonly old: Cell[];
  readonly new: Cell[];
}

export type Cell = string | null | undefined;

/** Every message of a stream, read by the wire room, by kind. @throws for a message nobody reads */
export class PgoutputLog {
  readonly relations = new Map<number, Relation>();
  readonly changes: LoggedChange[] = [];
  readonly begins: ReturnType<typeof readBegin>[] = [];
  readonly commits: ReturnType<typeof readCommit>[] = [];
  readonly origins: ReturnType<typeof readOrigin>[] = [];
  readonly types: ReturnType<typeof readType>[] = [];
  readonly truncates: ReturnType<typeof readTruncate>[] = [];
  readonly messages: ReturnType<typeof readLogicalMessage>[] = [];
  readonly streamStarts: ReturnType<typeof readStreamStart>[] = [];
  readonly streamCommits: ReturnType<typeof readStreamCommit>[] = [];
  readonly streamAborts: ReturnType<typeof readStreamAbort>[] = [];
  /** Two-phase messages, with the letter of their tag. */
  readonly prepared: { tag: string; gid: string; xid: number }[] = [];
  readonly #change = new RowChange();
  #isStreamed = false;

  constructor(messages: readonly Buffer[]) {
    for (const message of messages) this.#read(message);
  }

  #read(bytes: Buffer): void {
    const end = bytes.length;
    const isStreamed = this.#isStreamed;
    switch (bytes[0]) {
      case PgoutputTag.insert:
        return this.#addChange('insert', bytes);
      case PgoutputTag.update:
        return this.#addChange('update', bytes);
      case PgoutputTag.delete:
        return this.#addChange('delete', bytes);
      case PgoutputTag.relation: {
        const relation = readRelation(bytes, 0, end, isStreamed);
        this.relations.set(relation.oid, relation);
        return undefined;
      }
      case PgoutputTag.begin:
        return void this.begins.push(readBegin(bytes, 0, end));
      case PgoutputTag.commit:
        return void this.commits.push(readCommit(bytes, 0, end));
      case PgoutputTag.origin:
        return void this.origins.push(readOrigin(bytes, 0, end));
      case PgoutputTag.type:
        return void this.types.push(readType(bytes, 0, end, isStreamed));
      case PgoutputTag.truncate:
        return void this.truncates.push(readTruncate(bytes, 0, end, isStreamed));
      case PgoutputTag.logicalMessage:
        return void this.messages.push(readLogicalMessage(bytes, 0, end, isStreamed));
      case PgoutputTag.streamStart:
        this.#isStreamed = true;
        return void this.streamStarts.push(readStreamStart(bytes, 0, end));
      case PgoutputTag.streamStop:
        this.#isStreamed = false;
        return readStreamStop(bytes, 0, end);
      case PgoutputTag.streamCommit:
        return void this.streamCommits.push(readStreamCommit(bytes, 0, end));
      case PgoutputTag.streamAbort:
        return void this.streamAborts.push(readStreamAbort(bytes, 0, end));
      default:
        return this.#readTwoPhase(bytes);
    }
  }

  #readTwoPhase(bytes: Buffer): void {
    const read = twoPhaseReaders.get(bytes[0] ?? 0);
    if (!read) throw new Error(`nobody reads message ${describeTag(bytes[0] ?? 0)}`);
    const { gid, xid } = read(bytes, 0, bytes.length);
    this.prepared.push({ tag: String.fromCharCode(bytes[0] ?? 0), gid, xid });
  }

  #addChange(op: LoggedChange['op'], bytes: Buffer): void {
    const change = this.#change;
    readRowChange(bytes, 0, bytes.length, this.#isStreamed, change);
    const relation = this.relations.get(change.relationOid);
    if (!relation) throw new Error(`no Relation came before a change of ${change.relationOid}`);
    this.changes.push({
      op,
      xid: change.xid,
      table: relation.name,
      oldKind: change.oldKind === 0 ? '' : String.fromCharCode(change.oldKind),
      old: cellsOf(bytes, change.old),
      new: cellsOf(bytes, change.new),
    });
  }
}

type TwoPhaseReader = (
  bytes: Buffer,
  start: number,
  end: number,
) => { readonly gid: string; readonly xid: number };

const twoPhaseReaders = new Map<number, TwoPhaseReader>([
  [PgoutputTag.beginPrepare, readBeginPrepare],
  [PgoutputTag.prepare, readPrepare],
  [PgoutputTag.commitPrepared, readCommitPrepared],
  [PgoutputTag.rollbackPrepared, readRollbackPrepared],
  [PgoutputTag.streamPrepare, readStreamPrepare],
]);

function cellsOf(bytes: Buffer, cells: TupleCells): Cell[] {
  return Array.from({ length: cells.count }, (_, i) => {
    switch (cells.kind[i]) {
      case CellKind.null:
        return null;
      case CellKind.text:
        return bytes.toString('utf8', cells.start[i], cells.end[i]);
      case CellKind.binary:
        return `\\x${bytes.toString('hex', cells.start[i], cells.end[i])}`;
      default:
        return undefined;
    }
  });
}
