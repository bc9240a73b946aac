import { SluiceError } from '../errors/index.ts';
import { withinDeadline, type Gate, type GateTarget } from '../service/index.ts';
import type { Operations } from './operations.ts';

/** One database of a pool in this process as a gate. */
export class PoolGate implements Gate {
  readonly name: string;
  readonly #operations: Operations;
  readonly #database: string;
  #isPaused = false;
  /** Where it led before a redirect that may still be undone. */
  #before: GateTarget | null = null;

  constructor(operations: Operations, database: string) {
    this.#operations = operations;
    this.#database = database;
    this.name = `pool ${database}`;
  }

  async pause(deadlineMs: number): Promise<void> {
    if (this.#isPaused) return;
    await withinDeadline(this.name, deadlineMs, (signal) =>
      this.#operations.pause(this.#database, signal),
    );
    this.#isPaused = true;
  }

  async redirect(target: GateTarget): Promise<void> {
    if (!this.#isPaused) throw new SluiceError('GATE_NOT_PAUSED', { gate: this.name });
    const { pooler } = this.#operations;
    this.#before ??= pooler.databases.placeOf(this.#database);
    await pooler.redirect(this.#database, target);
  }

  resume(): Promise<void> {
    if (this.#isPaused) this.#operations.resume(this.#database);
    this.#isPaused = false;
    this.#before = null;
    return Promise.resolve();
  }

  async abort(): Promise<void> {
    if (this.#before !== null) {
      await this.#operations.pooler.redirect(this.#database, this.#before);
    }
    await this.resume();
  }
}
