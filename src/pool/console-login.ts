import type { ConsoleAccess } from './auth/index.ts';
import type { Leg } from './leg.ts';
import type { ParameterSet } from './parameters.ts';

/** Somebody who has logged in to the console. AuthenticationOk has been sent. */
export interface ConsoleLogin {
  readonly leg: Leg;
  /** Where it came in from, for the log. */
  readonly from: string;
  readonly user: string;
  readonly access: ConsoleAccess;
  /** What its startup message asked for. */
  readonly parameters: ParameterSet;
}
