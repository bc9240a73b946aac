import type { LoginStep } from './types.ts';

/**
 * What a client that is refused is told: pgBouncer's words, and its SQLSTATE, which is the same for all of them.
 * None of them tells whether the user exists.
 */
const refusals = {
  cert: 'certificate authentication failed',
  console: 'not allowed',
  mechanism: 'client selected an invalid SASL authentication mechanism',
  password: 'password authentication failed',
  peer: 'unix socket login rejected',
  rejected: 'login rejected',
  scram: 'SASL authentication failed',
  trust: '"trust" authentication failed',
} as const;

const sqlstate = '08P01';

export type Refusal = keyof typeof refusals;

/** @param reason  for the log */
export function refuse(refusal: Refusal, reason: string): LoginStep {
  return { kind: 'refuse', sqlstate, message: refusals[refusal], reason };
}
