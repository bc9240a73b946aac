export { certificateHash } from './auth/certificate-hash.ts';
export { isMd5Secret, md5Answer, md5Password, md5Secret } from './auth/md5-password.ts';
export { saslPrep } from './auth/saslprep.ts';
export { ScramClient } from './auth/scram.ts';
export { ScramKeyCache } from './auth/scram-key-cache.ts';
export { deriveScramKeys } from './auth/scram-keys.ts';
export {
  formatScramSecret,
  mockScramSecret,
  parseScramSecret,
  scramSecretOf,
  stableSalt,
} from './auth/scram-secret.ts';
export { ScramServer } from './auth/scram-server.ts';
export { Authenticator } from './authenticator.ts';
export { BackendWriter } from './backend-writer.ts';
export { decodeAuthentication } from './backend/authentication.ts';
export { decodeBackendKeyData } from './backend/backend-key-data.ts';
export { decodeCommandComplete } from './backend/command-complete.ts';
export { decodeCopyResponse } from './backend/copy-response.ts';
export { createRowCells, decodeTextRow, readDataRow } from './backend/data-row.ts';
export { decodeErrorFields } from './backend/error-fields.ts';
export { decodeNegotiateProtocolVersion } from './backend/negotiate-protocol-version.ts';
export { decodeNotification } from './backend/notification.ts';
export { decodeParameterDescription } from './backend/parameter-description.ts';
export { decodeParameterStatus } from './backend/parameter-status.ts';
export { decodeReadyForQuery } from './backend/ready-for-query.ts';
export { decodeRowDescription } from './backend/row-description.ts';
export { byteAt, int16At, int32At } from './bytes.ts';
export { CopyRunScanner } from './copy-runs.ts';
export { CopyBinaryWriter } from './copy/binary-writer.ts';
export { CopyFrameMerger } from './copy/frame-merger.ts';
export { CopyTextWriter } from './copy/text-writer.ts';
export { FrameScanner } from './frames.ts';
export { freeMemory } from './free-memory.ts';
export { MessageWriter } from './frontend.ts';
export { MessageBuffer } from './message-buffer.ts';
export { MessageReader } from './message-reader.ts';
export { formatLsn, lsn, oid, parseLsn } from './lsn.ts';
export { readBegin } from './pgoutput/begin.ts';
export { readCommit } from './pgoutput/commit.ts';
export { readLogicalMessage } from './pgoutput/logical-message.ts';
export { readOrigin } from './pgoutput/origin.ts';
export { readRelation } from './pgoutput/relation.ts';
export { readRowChange, readRowRelation, RowChange } from './pgoutput/row-change.ts';
export {
  readStreamAbort,
  readStreamCommit,
  readStreamStart,
  readStreamStop,
} from './pgoutput/stream.ts';
export { PgoutputTag, TupleTag } from './pgoutput/tags.ts';
export { readTruncate } from './pgoutput/truncate.ts';
export { CellKind, createTupleCells, readTuple, reserveCells } from './tuple-cells.ts';
export {
  readBeginPrepare,
  readCommitPrepared,
  readPrepare,
  readRollbackPrepared,
  readStreamPrepare,
} from './pgoutput/two-phase.ts';
export { readType } from './pgoutput/type.ts';
export {
  encodeStatusUpdate,
  readKeepalive,
  readXLogData,
  readXLogDataWalEnd,
  replicationTag,
  ReplicationTag,
  xLogDataHeaderBytes,
} from './replication.ts';
export {
  describeVersion,
  EncryptionAnswer,
  negotiatedVersion,
  ProtocolVersion,
} from './startup.ts';
export { checkStartupLength, maxStartupBytes, readStartupPacket } from './startup-packet.ts';
export { BackendTag, describeTag, FrontendTag } from './tags.ts';
export { fromPostgresTime, toPostgresTime } from './time.ts';

export type { ChannelBinding, ChannelBindingMode } from './auth/channel-binding.ts';
export type { ScramMechanism } from './auth/channel-binding.ts';
export type { ScramOptions } from './auth/scram.ts';
export type { ScramKeys } from './auth/scram-keys.ts';
export type { ScramSecret } from './auth/scram-secret.ts';
export type { ScramProof, ScramServerOptions } from './auth/scram-server.ts';
export type {
  AuthenticationMethod,
  AuthenticationSecret,
  AuthenticatorOptions,
} from './authenticator.ts';
export type { WrittenColumn, WrittenFields } from './backend-writer.ts';
export type { Authentication } from './backend/authentication.ts';
export type { BackendKeyData } from './backend/backend-key-data.ts';
export type { CommandComplete } from './backend/command-complete.ts';
export type { CopyResponse } from './backend/copy-response.ts';
export type { RowCells } from './backend/data-row.ts';
export type { NegotiateProtocolVersion } from './backend/negotiate-protocol-version.ts';
export type { Notification } from './backend/notification.ts';
export type { ParameterStatus } from './backend/parameter-status.ts';
export type { TransactionStatus } from './backend/ready-for-query.ts';
export type { FieldDescription } from './backend/row-description.ts';
export type { OnRun } from './copy-runs.ts';
export type { CopyWriterOptions } from './copy/binary-writer.ts';
export type { OnFrame, ScannerOptions } from './frames.ts';
export type { BindFormats, Format } from './frontend.ts';
export type { Lsn, Oid } from './lsn.ts';
export type { Begin } from './pgoutput/begin.ts';
export type { Commit } from './pgoutput/commit.ts';
export type { LogicalMessage } from './pgoutput/logical-message.ts';
export type { Origin } from './pgoutput/origin.ts';
export type { Relation, RelationColumn, ReplicaIdentity } from './pgoutput/relation.ts';
export type { StreamAbort, StreamCommit, StreamStart } from './pgoutput/stream.ts';
export type { Truncate } from './pgoutput/truncate.ts';
export type { StartupPacket } from './startup-packet.ts';
export type { TupleCells } from './tuple-cells.ts';
export type { CommitPrepared, Prepare, RollbackPrepared } from './pgoutput/two-phase.ts';
export type { TypeMessage } from './pgoutput/type.ts';
export type { Keepalive, StatusUpdate, XLogDataHeader } from './replication.ts';
