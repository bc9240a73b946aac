import { setImmediate as turn } from 'node:timers/promises';
import type { Client } from 'pg';
import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { sqlstateOf } from '../../service/index.ts';

/** Tells a lost connection from what a query failed with: a `pg` client gives both as errors without a code. */
export class ConnectionWatch {
  /** Resolves when the connection has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #place: string;
  #isLost = false;

  constructor(client: Client) {
    this.#place = `${client.host}:${client.port}`;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    const lose = (): void => {
      this.#isLost = true;
      ended.resolve();
    };
    client.once('end', lose);
    client.once('error', lose);
  }

  /** SESSION_LOST when that is what happened; else the error itself. */
  async explain(error: unknown): Promise<unknown> {
    if (sqlstateOf(error) !== undefined || error instanceof SluiceError) return error;
    // The queries of a lost connection reject before its client says that it has ended.
    if (!this.#isLost) await turn();
    if (!this.#isLost) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new SluiceError('SESSION_LOST', { place: this.#place, reason }, { cause: error });
  }

  async isLost(): Promise<boolean> {
    if (!this.#isLost) await turn();
    return this.#isLost;
  }
}

/** A client's SQL whose errors say when its connection is lost. */
export function explained(client: Client, watch: ConnectionWatch): Tx {
  const send = client.query.bind(client);
  return {
    async query(text, values) {
      try {
        return await send<Record<string, unknown>>(text, values && [...values]);
      } catch (error) {
        throw await watch.explain(error);
      }
    },
  };
}
