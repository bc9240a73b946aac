import type { Progress } from '../../service/index.ts';

/** A progress that is shown somewhere. */
export interface ProgressView extends Progress {
  /** A line of its own, such as one of the log, put where it does not tear what is shown. */
  print(line: string): void;
  /** Shows the end state and leaves the output to others. Calls after it print plain lines. */
  close(): void;
}

/** Where it is shown: a part of a `tty.WriteStream`. */
export interface Output {
  write(text: string): unknown;
  /** Of a terminal. */
  readonly columns?: number;
  readonly rows?: number;
}
