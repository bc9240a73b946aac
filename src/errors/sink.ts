import type { ErrorSpecs } from './spec.ts';

export const sinkErrors = {
  SINK_AUTH: {
    decision: 'fix',
    message: '{sink}: {place} does not let us in: {reason}',
    remedy: 'correct the credentials of the sink, or what they may do there',
  },
  SINK_BLOCKED: {
    decision: 'fix',
    message: '{sink} cannot start, findings that block: {count}; the first: {finding}',
    remedy: 'see sluice check for all of them and what to do; nothing was sent',
  },
  SINK_BUSY: {
    decision: 'retry',
    message: '{sink}: {place} does not take messages just now: {reason}',
    remedy: 'nothing: it is tried again, and nothing is lost meanwhile; if it stays, look there',
  },
  SINK_CONNECT: {
    decision: 'reconnect',
    message: '{sink}: {place} cannot be reached: {reason}',
    remedy: 'nothing: it is tried again; if it stays, check the address and the network',
  },
  SINK_LOST: {
    decision: 'reconnect',
    message: '{sink}: {place} ended the connection before it acknowledged: {reason}',
    remedy: 'nothing: what was not acknowledged is sent again, under the same ids',
  },
  SINK_REFUSED: {
    decision: 'fix',
    message: '{sink}: {place} refused message {id}: {reason}',
    remedy: 'correct what it complains of, then start again: it goes on with this message',
  },
  SINK_SECRET: {
    decision: 'fix',
    message: 'sink {sink}: {problem}',
    remedy: 'give the secret itself, or an env or file that holds it',
  },
  SINK_TIMEOUT: {
    decision: 'reconnect',
    message: '{sink}: {place} did not acknowledge within {timeoutMs} ms',
    remedy: 'nothing: what was not acknowledged is sent again, under the same ids',
  },
  SINK_TLS: {
    decision: 'fix',
    message: '{sink}: {place} is not who it says it is, or speaks no TLS: {reason}',
    remedy: 'correct its certificate, the address, or ca_file of the sink',
  },
  SINK_TOO_LARGE: {
    decision: 'fix',
    message: '{sink}: message {id} has {bytes} bytes, and {place} takes at most {limit}',
    remedy: 'raise the limit there, then start again: it goes on with this message',
  },
} as const satisfies ErrorSpecs;
