import type { ErrorSpecs } from './spec.ts';

export const streamErrors = {
  STREAM_ORDER: {
    decision: 'stop',
    message: 'slot {slot} sent a message out of order: {found} where {expected} was expected',
    remedy: 'stop here and report it; nothing after the last confirmed position was kept',
  },
  STREAM_READER_LOST: {
    decision: 'reconnect',
    message: 'the temporary slot {slot} is gone: the session that read a backlog with it has ended',
    remedy: 'the next try reads on from where the target is',
  },
  STREAM_SLOT_MOVED: {
    decision: 'retry',
    message: 'slot {slot} stands at {found}, ahead of {position}: another process has moved it',
    remedy: 'the next try looks at where the target is, and stops if anything is missing',
  },
  STREAM_SPILL_CORRUPT: {
    decision: 'stop',
    message: 'spill file {path} cannot be read back at byte {offset}: {reason}',
    remedy: 'check the disk below spill_dir, then start again: the source still has these changes',
  },
  STREAM_SPILL_DAMAGED: {
    decision: 'stop',
    message: 'the durable spill is damaged: {path} at byte {offset}: {reason}',
    remedy:
      'put the files of the spill back as they were; without them, drop the pipeline (sluice replicate drop), empty its tables on the target, and copy anew',
  },
  STREAM_SPILL_FORMAT: {
    decision: 'fix',
    message:
      'the durable spill holds column {column} of {table} in binary, as which the target cannot take it now: {problem}',
    remedy:
      "make the target's column as the source's is and start again: the spill is applied first; where that is no way (values that are OIDs), drop the pipeline (sluice replicate drop), empty its tables on the target, and copy anew",
  },
  STREAM_SPILL_FULL: {
    decision: 'fix',
    message: 'the spill in {directory} cannot grow: {reason} ({usedBytes} bytes used)',
    remedy: 'free space there or raise spill_max, then start again; nothing was lost',
  },
  STREAM_TWO_PHASE: {
    decision: 'stop',
    message:
      'slot {slot} decodes prepared transactions (message {message}), which is not asked for',
    remedy: 'drop the pipeline and let it create its own slot',
  },
  STREAM_UNKNOWN_RELATION: {
    decision: 'reconnect',
    message: 'the stream changed relation {oid} without describing it first',
    remedy: 'reconnect, so that the server describes its relations again',
  },
  STREAM_UNKNOWN_MESSAGE: {
    decision: 'stop',
    message: 'slot {slot} sent a message of unknown type {type}',
    remedy: 'this server speaks a newer pgoutput; upgrade sluice',
  },
} as const satisfies ErrorSpecs;
