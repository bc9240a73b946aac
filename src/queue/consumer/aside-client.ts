import type { Tx } from '../../ledger/index.ts';
import { ConnectionWatch, explained } from './connection-watch.ts';
import { createPgClient, type ConnectionTarget } from '../../session/index.ts';

/**
 * A connection for what must get through while the others are busy: leases and progress. Made when it is first used,
 * and again when it broke.
 */
export class AsideClient implements Tx {
  readonly #db: ConnectionTarget | string;
  readonly #purpose: string;
  readonly #isPooled: boolean;
  /** Ends an attempt to connect, too: its server may never answer. */
  readonly #ending = new AbortController();
  #client: Promise<OpenClient> | null = null;
  /** `pg` takes one query at a time. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param isPooled  a pooler is in between */
  constructor(db: ConnectionTarget | string, purpose: string, isPooled: boolean) {
    this.#db = db;
    this.#purpose = purpose;
    this.#isPooled = isPooled;
  }

  query(text: string, values?: readonly unknown[]): ReturnType<Tx['query']> {
    const result = this.#last.then(() => this.#send(text, values));
    this.#last = result.catch(ignoreFailure);
    return result;
  }

  /** What was asked for and not sent yet fails. */
  async end(): Promise<void> {
    this.#ending.abort(new Error('its consumer has ended'));
    const client = this.#client;
    this.#client = null;
    if (client !== null) await client.then((open) => open.end(), ignoreFailure);
  }

  async #send(text: string, values?: readonly unknown[]) {
    this.#ending.signal.throwIfAborted();
    this.#client ??= this.#open();
    const { tx } = await this.#client;
    return tx.query(text, values);
  }

  #open(): Promise<OpenClient> {
    const client = createPgClient(this.#db, {
      purpose: this.#purpose,
      settings: { synchronous_commit: 'off' },
      isPooled: this.#isPooled,
      signal: this.#ending.signal,
    });
    const forget = (): void => {
      if (this.#client === opened) this.#client = null;
    };
    client.once('end', forget);
    const watch = new ConnectionWatch(client);
    const opened = client.connect().then(() => ({
      tx: explained(client, watch),
      end: () => Promise.race([client.end(), watch.ended]),
    }));
    opened.catch(forget);
    return opened;
  }
}

interface OpenClient {
  readonly tx: Tx;
  end(): Promise<void>;
}

/** One that never opened needs no closing. */
function ignoreFailure(): void {
  return undefined;
}
