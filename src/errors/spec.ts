/**
 * The decision an error asks of its caller.
 *
 * - `retry`: the same call may succeed later, on the same connection
 * - `reconnect`: the connection is gone or unusable; open a new one, then go on
 * - `resync`: the object's copy can no longer be continued; it must be made again
 * - `fix`: a person must change configuration, privileges or data; then start again
 * - `stop`: a promise would be broken by going on; nothing was lost, a person decides
 * - `bug`: an invariant of ours does not hold; please report it
 */
export type Decision = 'retry' | 'reconnect' | 'resync' | 'fix' | 'stop' | 'bug';

/** One registered error. `{name}` in `message` and `remedy` are filled from the error's details. */
export interface ErrorSpec {
  readonly decision: Decision;
  /** What failed, on which object, expected and got. */
  readonly message: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
}

export type ErrorSpecs = Readonly<Record<string, ErrorSpec>>;

/** The names between braces in a template. */
export type Holes<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Holes<Rest>
  : never;
