import { ServerError } from '../errors/index.ts';
import { quoteIdentifier } from '../session/index.ts';
import {
  BackendTag,
  decodeErrorFields,
  decodeNotification,
  decodeReadyForQuery,
  FrameScanner,
  MessageWriter,
  type Notification,
  type OnFrame,
} from '../wire/index.ts';
import type { ChannelHub, Listening, LoggedIn, ServerSource } from './contracts.ts';
import type { LegOwner } from './leg.ts';
import { openServer } from './server-login.ts';

interface Command {
  readonly sql: string;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * One connection that listens for all clients of a database that are in transaction mode.
 *
 *     client LISTEN a ---> hub: LISTEN a (once) ---> confirmed ---> client's own LISTEN is answered
 *     NOTIFY a ---------> hub ---> every client that listens on a, between its transactions
 *
 * A client's LISTEN is answered only when the hub's is, so that no notification falls in between. When the
 * hub's connection is lost, its clients lose theirs too: they cannot know what they have missed.
 */
export class ListenHub implements ChannelHub, LegOwner {
  readonly #source: ServerSource;
  readonly #channels = new Map<string, Set<Listening>>();
  readonly #frames = new FrameScanner();
  readonly #commands: Command[] = [];
  #connection: Promise<LoggedIn> | null = null;
  #error: ServerError | null = null;

  constructor(source: ServerSource) {
    this.#source = source;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  /** Resolves when every notification committed from now on will reach `listener`. */
  async listen(channel: string, listener: Listening): Promise<void> {
    const known = this.#channels.get(channel);
    if (known !== undefined) {
      known.add(listener);
      // The one who made it may still be waiting for the server.
      await this.#run(null);
      return;
    }
    this.#channels.set(channel, new Set([listener]));
    await this.#run(`LISTEN ${quoteIdentifier(channel)}`);
  }

  unlisten(channel: string, listener: Listening): void {
    const listeners = this.#channels.get(channel);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.#channels.delete(channel);
    this.#run(`UNLISTEN ${quoteIdentifier(channel)}`).catch(() => undefined); // then the hub is lost, and told so
    if (this.#channels.size === 0) this.close();
  }

  unlistenAll(listener: Listening): void {
    for (const channel of this.#channels.keys()) this.unlisten(channel, listener);
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = null;
    connection?.then(
      ({ leg }) => leg.destroy(),
      () => undefined,
    );
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#frames.push(Buffer.from(bytes.subarray(0, length)), this.#onFrame);
  }

  onDrain(): void {
    // Commands are short.
  }

  onClosed(error: Error | null): void {
    this.#connection = null;
    const reason = error ?? new Error('the connection that listens was closed');
    for (const { done } of this.#commands.splice(0)) done.reject(reason);
    const listeners = new Set([...this.#channels.values()].flatMap((set) => [...set]));
    this.#channels.clear();
    for (const listener of listeners) listener.onHubLost();
  }

  /** @param sql  null: only waits for what was asked before */
  async #run(sql: string | null): Promise<void> {
    this.#connection ??= this.#open();
    const { leg } = await this.#connection;
    const done = Promise.withResolvers<void>();
    this.#commands.push({ sql: sql ?? '', done });
    leg.writeOwn(new MessageWriter().query(sql ?? '').take());
    await done.promise;
  }

  async #open(): Promise<LoggedIn> {
    try {
      const loggedIn = await openServer(this.#source, {
        parameters: { application_name: 'sluice pool listener' },
      });
      loggedIn.leg.handTo(this);
      return loggedIn;
    } catch (error) {
      this.#connection = null;
      throw error;
    }
  }

  readonly #onFrame: OnFrame = (tag, bytes, start, end) => {
    if (tag === BackendTag.notificationResponse) {
      this.#tell(decodeNotification(bytes, start, end));
    } else if (tag === BackendTag.errorResponse) {
      this.#error = new ServerError(decodeErrorFields(bytes, start, end));
    } else if (tag === BackendTag.readyForQuery) {
      decodeReadyForQuery(bytes, start, end);
      const error = this.#error;
      this.#error = null;
      const done = this.#commands.shift()?.done;
      if (error === null) done?.resolve();
      else done?.reject(error);
    }
  };

  #tell(notification: Notification): void {
    for (const listener of this.#channels.get(notification.channel) ?? []) {
      listener.onNotification(notification);
    }
  }
}
