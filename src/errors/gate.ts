import type { ErrorSpecs } from './spec.ts';

/** Holding traffic for a switch. */
export const gateErrors = {
  GATE_DRAIN_TIMEOUT: {
    decision: 'retry',
    message:
      'gate {gate} was not empty after {deadlineMs} ms: a transaction is still open behind it',
    remedy: 'traffic flows again as before; end the long transaction, or give it a later deadline',
  },
  GATE_NOT_PAUSED: {
    decision: 'bug',
    message: 'gate {gate} was to be redirected and is not paused',
    remedy: 'pause it first',
  },
  GATE_REFUSED: {
    decision: 'fix',
    message: 'gate {gate} refused to {action}: {reason}',
    remedy: 'see its log and configuration; abort the switch, then try again',
  },
} as const satisfies ErrorSpecs;
