import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '../errors/index.ts';
import { MessageWriter, type OnFrame, type TransactionStatus } from '../wire/index.ts';
import type { Asides } from './asides.ts';
import { sendCancel } from './cancel.ts';
import { connect } from './connect.ts';
import type { Connected, ConnectOptions } from './connected.ts';
import { beginCopyIn, type CopyIn } from './copy-in.ts';
import { copyOut, type TakeRun } from './copy-out.ts';
import { ReplicationStream, type ReplicationOptions } from './replication-stream.ts';
import { runQuery, type QueryResult, type QueryValue } from './run-query.ts';
import { parseSide, type ConnectionTarget } from './target/index.ts';

/** A server that does not hang up in this time is not waited for. */
export const closeTimeoutMs = 2000;

/** How long a cancelled statement gets to end before it is cancelled again. */
const cancelPatienceMs = 100;

/**
 * One authenticated connection, with the settings that everything of ours depends on in force.
 *
 * Calls may overlap: what they send is answered in order. A COPY or a stream keeps the session to itself
 * until it ends.
 */
export class Session {
  readonly serverVersion: number;
  readonly isReplication: boolean;
  readonly #target: ConnectionTarget;
  readonly #connected: Connected;
  #closing: Promise<void> | null = null;

  /** @throws see connect in connect.ts */
  static async connect(
    target: ConnectionTarget | string,
    options: ConnectOptions = {},
  ): Promise<Session> {
    const parsed = parseSide(options.side, target);
    return new Session(parsed, await connect(parsed, options), options.replication === true);
  }

  private constructor(target: ConnectionTarget, connected: Connected, isReplication: boolean) {
    this.#target = target;
    this.#connected = connected;
    this.serverVersion = connected.serverVersion;
    this.isReplication = isReplication;
  }

  /** What the server reported about itself and the session, as it is now. */
  get parameters(): ReadonlyMap<string, string> {
    return this.#connected.link.parameters;
  }

  get backendPid(): number {
    return this.#connected.key.pid;
  }

  /** Where it leads: `db1:5432`, or a Unix socket's folder and port. */
  get place(): string {
    return this.#connected.link.place;
  }

  get isEncrypted(): boolean {
    return this.#connected.isEncrypted;
  }

  get transactionStatus(): TransactionStatus {
    return this.#connected.link.status;
  }

  get isOpen(): boolean {
    return this.#connected.link.isOpen;
  }

  /** Something was sent that has not been answered in full. */
  get isBusy(): boolean {
    return this.#connected.link.isBusy;
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get closed(): Promise<void> {
    return this.#connected.link.closed;
  }

  /**
   * Runs SQL and collects the rows of its last statement, as text.
   *
   *     await session.query('BEGIN; SET LOCAL x.y = 1; SELECT 1 AS one')
   *     await session.query('SELECT $1::int + 1 AS next', [41])
   *
   * @param values  with them one statement; not possible on a replication session
   * @throws ServerError  the session goes on
   */
  async query(text: string, values?: readonly QueryValue[]): Promise<QueryResult> {
    return runQuery(this.#connected.link, text, values);
  }

  /**
   * The hot path: writes the bytes now and delivers each reply message to `onFrame` until `syncs`
   * ReadyForQuery messages came. Several may be outstanding; replies are matched in order.
   *
   * An ErrorResponse is a message like any other; what `onFrame` throws ends the connection.
   *
   * @returns resolves at the last ReadyForQuery; rejects only when the connection ends before it
   */
  submit(chunks: readonly Buffer[], syncs: number, onFrame: OnFrame): Promise<void> {
    return this.#connected.link.submit(chunks, syncs, onFrame);
  }

  /** True while more bytes would only pile up on our side. */
  get writableNeedDrain(): boolean {
    return this.#connected.link.needsDrain;
  }

  /** When the socket takes more bytes. Rejects when the connection ends first. */
  drained(): Promise<void> {
    return this.#connected.link.drained();
  }

  /** Begins `COPY ... FROM STDIN`. */
  copyIn(sql: string): Promise<CopyIn> {
    return beginCopyIn(this.#connected.link, sql);
  }

  /** Runs `COPY ... TO STDOUT`, handing its messages on unread, headers included. */
  copyOut(sql: string, takeRun: TakeRun): Promise<{ rowCount: number | null }> {
    return copyOut(this.#connected.link, sql, takeRun, () => this.cancel());
  }

  /** Follows a slot, on a replication session. @throws ServerError  there is none, or it is in use */
  async startReplication(options: ReplicationOptions): Promise<ReplicationStream> {
    const stream = new ReplicationStream(this.#connected.link, options);
    await stream.start(options);
    return stream;
  }

  /** What the server says beside its replies. */
  on<E extends keyof Asides>(event: E, listener: (aside: Asides[E]) => void): this {
    this.#connected.link.asides.on(event, listener);
    return this;
  }

  off<E extends keyof Asides>(event: E, listener: (aside: Asides[E]) => void): this {
    this.#connected.link.asides.off(event, listener);
    return this;
  }

  /** Asks the server to cancel what this session is doing; that it did shows in the replies (57014). */
  async cancel(): Promise<void> {
    await sendCancel(this.#target, this.#connected);
  }

  /**
   * Ends the session and waits for that. What is still under way is cancelled and rejects. A second call
   * waits for the first.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** `await using session = ...` */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends the session at once; the server notices when it next reads or writes. */
  destroy(): void {
    const { link } = this.#connected;
    link.fail(new SluiceError('SESSION_CLOSED', { place: link.place }));
  }

  async #close(): Promise<void> {
    const { link } = this.#connected;
    if (link.isBusy && link.isOpen) await this.#abandonWork();
    link.end(new MessageWriter().terminate().take());
    const late = setTimeout(() => this.destroy(), closeTimeoutMs);
    await link.closed;
    clearTimeout(late);
  }

  /**
   * A server busy with a statement would not notice that we are gone, and one that has not yet read it
   * lets a cancel request pass: so more than one may be needed.
   */
  async #abandonWork(): Promise<void> {
    const { link } = this.#connected;
    const deadline = performance.now() + closeTimeoutMs;
    while (link.isBusy && performance.now() < deadline) {
      try {
        await this.cancel();
      } catch {
        break; // the server cannot be reached for that any more: the connection's end must do
      }
      const patience = new AbortController();
      const waited = delay(cancelPatienceMs, undefined, { signal: patience.signal });
      await Promise.race([link.idle(), waited.catch(() => undefined)]);
      patience.abort();
    }
    if (link.isBusy) this.destroy();
  }
}
