import {
  createRowCells,
  decodeAuthentication,
  decodeBackendKeyData,
  decodeCommandComplete,
  decodeCopyResponse,
  decodeErrorFields,
  decodeNegotiateProtocolVersion,
  decodeNotification,
  decodeParameterDescription,
  decodeParameterStatus,
  decodeReadyForQuery,
  decodeRowDescription,
  decodeTextRow,
  readBegin,
  readBeginPrepare,
  readCommit,
  readCommitPrepared,
  readDataRow,
  readKeepalive,
  readLogicalMessage,
  readOrigin,
  readPrepare,
  readRelation,
  readRollbackPrepared,
  readRowChange,
  readRowRelation,
  readStreamAbort,
  readStreamCommit,
  readStreamPrepare,
  readStreamStart,
  readStreamStop,
  readTruncate,
  readType,
  readXLogData,
  replicationTag,
  RowChange,
  type TupleCells,
} from '../../src/wire/index.ts';
import { int16, int32, int64, text } from './bytes.ts';

type Decode = (bytes: Buffer, start: number, end: number) => unknown;

/** A decoder of ours and a message that it understands. */
export interface Sample {
  readonly name: string;
  readonly decode: Decode;
  readonly message: Buffer;
}

const time = int64(700_000_000_000_000n);
const lsnA = int64(0x16_0000_0000n);
const lsnB = int64(0x16_0000_0100n);
const tuple = join(int16(4), 'b', int32(4), int32(7), 'n', 'u', 't', int32(3), 'abc');
const streamed = int32(901);

const messages: [name: string, decode: Decode, message: Buffer][] = [
  ['AuthenticationOk', decodeAuthentication, int32(0)],
  ['AuthenticationMD5Password', decodeAuthentication, join(int32(5), 'salt')],
  ['AuthenticationSASL', decodeAuthentication, join(int32(10), text('SCRAM-SHA-256'), '\0')],
  ['AuthenticationSASLFinal', decodeAuthentication, join(int32(12), 'v=abc')],
  ['BackendKeyData', decodeBackendKeyData, join(int32(42), int32(-7))],
  ['CommandComplete', decodeCommandComplete, text('INSERT 0 5')],
  ['CopyInResponse', decodeCopyResponse, join('\x01', int16(2), int16(1), int16(1))],
  [
    'ErrorResponse',
    decodeErrorFields,
    join('S', text('ERROR'), 'C', text('42P01'), 'P', text('8'), '\0'),
  ],
  [
    'NegotiateProtocolVersion',
    decodeNegotiateProtocolVersion,
    join(int32(196_608), int32(1), text('_pq_.x')),
  ],
  ['NotificationResponse', decodeNotification, join(int32(9), text('channel'), text('payload'))],
  ['ParameterDescription', decodeParameterDescription, join(int16(2), int32(23), int32(25))],
  ['ParameterStatus', decodeParameterStatus, join(text('TimeZone'), text('UTC'))],
  ['ReadyForQuery', decodeReadyForQuery, join('I')],
  [
    'RowDescription',
    decodeRowDescription,
    join(int16(1), text('id'), int32(16_384), int16(1), int32(23), int16(4), int32(-1), int16(0)),
  ],
  ['DataRow', readRow, join(int16(3), int32(2), 'ab', int32(-1), int32(0))],
  ['DataRow as text', decodeTextRow, join(int16(3), int32(2), 'ab', int32(-1), int32(0))],
  ['replication envelope', replicationTag, join('w', lsnA, lsnB, time, 'B')],
  ['XLogData', readXLogData, join('w', lsnA, lsnB, time)],
  ['keepalive', readKeepalive, join('k', lsnA, time, '\x01')],
  ['Begin', readBegin, join('B', lsnA, time, int32(900))],
  ['Commit', readCommit, join('C\0', lsnA, lsnB, time)],
  ['Origin', readOrigin, join('O', lsnA, text('elsewhere'))],
  ['Relation', plain(readRelation), join('R', relation())],
  ['Relation, streamed', inStream(readRelation), join('R', streamed, relation())],
  ['Type', plain(readType), join('Y', int32(16_500), text('public'), text('mood'))],
  [
    'Type, streamed',
    inStream(readType),
    join('Y', streamed, int32(16_500), text(''), text('mood')),
  ],
  ['Insert', changeOf(false), join('I', int32(16_384), 'N', tuple)],
  ['Insert, streamed', changeOf(true), join('I', streamed, int32(16_384), 'N', tuple)],
  ['Update', changeOf(false), join('U', int32(16_384), 'N', tuple)],
  ['Update with key', changeOf(false), join('U', int32(16_384), 'K', tuple, 'N', tuple)],
  [
    'Update with old row, streamed',
    changeOf(true),
    join('U', streamed, int32(16_384), 'O', tuple, 'N', tuple),
  ],
  ['Delete', changeOf(false), join('D', int32(16_384), 'K', tuple)],
  ['row relation', plain(readRowRelation), join('I', int32(16_384))],
  ['Truncate', plain(readTruncate), join('T', int32(2), '\x03', int32(16_384), int32(16_385))],
  [
    'Truncate, streamed',
    inStream(readTruncate),
    join('T', streamed, int32(1), '\0', int32(16_384)),
  ],
  ['Message', plain(readLogicalMessage), join('M\x01', lsnA, text('prefix'), int32(3), 'abc')],
  [
    'Message, streamed',
    inStream(readLogicalMessage),
    join('M', streamed, '\0', lsnA, text('p'), int32(0)),
  ],
  ['Stream Start', readStreamStart, join('S', int32(901), '\x01')],
  ['Stream Stop', readStreamStop, join('E')],
  ['Stream Commit', readStreamCommit, join('c', int32(901), '\0', lsnA, lsnB, time)],
  ['Stream Abort', readStreamAbort, join('A', int32(901), int32(902))],
  ['Stream Abort, parallel', readStreamAbort, join('A', int32(901), int32(902), lsnA, time)],
  ['Begin Prepare', readBeginPrepare, join('b', lsnA, lsnB, time, int32(901), text('gid'))],
  ['Prepare', readPrepare, join('P\0', lsnA, lsnB, time, int32(901), text('gid'))],
  ['Commit Prepared', readCommitPrepared, join('K\0', lsnA, lsnB, time, int32(901), text('gid'))],
  [
    'Rollback Prepared',
    readRollbackPrepared,
    join('r\0', lsnA, lsnB, time, time, int32(901), text('gid')),
  ],
  ['Stream Prepare', readStreamPrepare, join('p\0', lsnA, lsnB, time, int32(901), text('gid'))],
];

export const samples: readonly Sample[] = messages.map(([name, decode, message]) => ({
  name,
  decode,
  message,
}));

function join(...parts: (Buffer | string)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
}

function relation(): Buffer {
  const id = join('\x01', text('id'), int32(23), int32(-1));
  const note = join('\0', text('note'), int32(25), int32(-1));
  return join(int32(16_384), text('public'), text('orders'), 'd', int16(2), id, note);
}

type StreamableDecode = (bytes: Buffer, start: number, end: number, isStreamed: boolean) => unknown;

function plain(decode: StreamableDecode): Decode {
  return (bytes, start, end) => decode(bytes, start, end, false);
}

function inStream(decode: StreamableDecode): Decode {
  return (bytes, start, end) => decode(bytes, start, end, true);
}

function readRow(bytes: Buffer, start: number, end: number): unknown {
  const cells = createRowCells(1);
  readDataRow(bytes, start, end, cells);
  return Array.from({ length: cells.count }, (_, i) =>
    cells.start[i] === -1 ? null : bytes.toString('hex', cells.start[i], cells.end[i]),
  );
}

/** A row change as values, whatever the offsets: the same message elsewhere gives the same. */
function changeOf(isStreamed: boolean): Decode {
  return (bytes, start, end) => {
    const change = new RowChange();
    readRowChange(bytes, start, end, isStreamed, change);
    const { tag, xid, relationOid, oldKind } = change;
    const cells = { old: valuesOf(bytes, change.old), new: valuesOf(bytes, change.new) };
    return { tag, xid, relationOid, oldKind, ...cells };
  };
}

/** `kind:hex` of each cell. */
export function valuesOf(bytes: Buffer, cells: TupleCells): string[] {
  return Array.from({ length: cells.count }, (_, i) => {
    const value = bytes.toString('hex', cells.start[i], cells.end[i]);
    return `${String.fromCharCode(cells.kind[i] ?? 0)}:${value}`;
  });
}
