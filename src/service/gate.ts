import { SluiceError } from '../errors/index.ts';

/** Where traffic goes: one database of one server. */
export interface GateTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/**
 * What can hold the traffic of one database during a switch: our pool, a pgBouncer, several of them in step.
 * One shared suite, `test/service/gate-conformance.ts`, checks each implementation.
 *
 *     open --pause--> paused --redirect--> paused, elsewhere --resume--> open
 *       ^------------- abort, resume ---------'                 (abort: open, as before the pause)
 *
 * - Clients stay connected throughout; they only wait.
 * - `pause` is over when no transaction is open behind the gate, and none can begin. When the deadline comes
 *   first, traffic flows again as before and it throws GATE_DRAIN_TIMEOUT.
 * - `redirect` needs a paused gate (GATE_NOT_PAUSED); nothing reaches the new place before `resume`.
 * - Every call may be repeated: what is so already stays so.
 */
export interface Gate {
  /** For messages and the journal of a switch. */
  readonly name: string;
  pause(deadlineMs: number): Promise<void>;
  redirect(target: GateTarget): Promise<void>;
  resume(): Promise<void>;
  abort(): Promise<void>;
}

/** Several gates as one: the processes that share a port, or the pools of several applications. */
export class GatesInStep implements Gate {
  readonly name: string;
  readonly #gates: readonly Gate[];

  constructor(gates: readonly Gate[]) {
    this.#gates = gates;
    this.name = gates.map(({ name }) => name).join(', ');
  }

  /** All or none: when one cannot be emptied in time, the others flow again, too. */
  async pause(deadlineMs: number): Promise<void> {
    await this.#allOrAbort((gate) => gate.pause(deadlineMs));
  }

  async redirect(target: GateTarget): Promise<void> {
    await this.#allOrAbort((gate) => gate.redirect(target));
  }

  async resume(): Promise<void> {
    throwFirst(await Promise.allSettled(this.#gates.map((gate) => gate.resume())));
  }

  async abort(): Promise<void> {
    throwFirst(await Promise.allSettled(this.#gates.map((gate) => gate.abort())));
  }

  async #allOrAbort(step: (gate: Gate) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled(this.#gates.map(step));
    if (results.every(({ status }) => status === 'fulfilled')) return;
    await this.abort();
    throwFirst(results);
  }
}

function throwFirst(results: readonly PromiseSettledResult<void>[]): void {
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  // They fail for the same reason, or the first is what made the others.
  if (failures.length > 0) throw failures[0];
}

/** @throws GATE_DRAIN_TIMEOUT when the deadline ended `work` */
export async function withinDeadline(
  gate: string,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new SluiceError('GATE_DRAIN_TIMEOUT', { gate, deadlineMs }, { cause: error });
  }
}
