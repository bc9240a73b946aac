/** First byte of a pgoutput message (PostgreSQL manual, "Logical Replication Message Formats"). */
export const PgoutputTag = {
  begin: 0x42, // B
  commit: 0x43, // C
  delete: 0x44, // D
  insert: 0x49, // I
  logicalMessage: 0x4d, // M
  origin: 0x4f, // O
  relation: 0x52, // R
  truncate: 0x54, // T
  type: 0x59, // Y
  update: 0x55, // U
  // protocol 2: transactions sent before they end
  streamAbort: 0x41, // A
  streamCommit: 0x63, // c
  streamStart: 0x53, // S
  streamStop: 0x45, // E
  // protocol 3: two-phase transactions
  beginPrepare: 0x62, // b
  commitPrepared: 0x4b, // K
  prepare: 0x50, // P
  rollbackPrepared: 0x72, // r
  streamPrepare: 0x70, // p
} as const;

/** What stands before a tuple in Insert, Update and Delete. */
export const TupleTag = {
  key: 0x4b, // K: the identity's columns, the others NULL
  new: 0x4e, // N
  old: 0x4f, // O: the whole old row
} as const;
