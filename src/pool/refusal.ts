/** Why somebody is turned away, in the words they are told. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly sqlstate: string;
  /** For the log, where it says more. */
  readonly reason: string;

  constructor(sqlstate: string, message: string, reason: string = message) {
    super(message);
    this.sqlstate = sqlstate;
    this.reason = reason;
  }
}
