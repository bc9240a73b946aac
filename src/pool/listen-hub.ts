import { ServerError } from '../errors/index.ts';
import { quoteIdentifier } from '../session/index.ts';
import {
  BackendTag,
  decodeErrorFields,
  decodeNotification,
  FrameScanner,
  MessageWriter,
  type Notification,
  type OnFrame,
} from '../wire/index.ts';
import type { ChannelHub, Listening, ServerSource } from './contracts.ts';
import type { Leg, LegOwner } from './leg.ts';
import { openServer } from './server-login.ts';

interface Channel {
  readonly listeners: Set<Listening>;
  /** Everything that is committed after it has resolved is heard. */
  readonly heard: Promise<void>;
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
export class ListenHub implements ChannelHub {
  readonly #source: ServerSource;
  readonly #channels = new Map<string, Channel>();
  #line: Line | null = null;

  constructor(source: ServerSource) {
    this.#source = source;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  /** Resolves when every notification committed from now on will reach `listener`. */
  async listen(name: string, listener: Listening): Promise<void> {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      this.#line ??= this.#openLine();
      const heard = this.#line.run(`LISTEN ${quoteIdentifier(name)}`);
      channel = { listeners: new Set(), heard };
      this.#channels.set(name, channel);
    }
    channel.listeners.add(listener);
    try {
      await channel.heard;
    } catch (error) {
      // Whoever listens next tries again.
      if (this.#channels.get(name) === channel) this.#channels.delete(name);
      this.#closeUnused();
      throw error;
    }
  }

  unlisten(name: string, listener: Listening): void {
    const channel = this.#channels.get(name);
    if (channel?.listeners.delete(listener) !== true || channel.listeners.size > 0) return;
    this.#channels.delete(name);
    this.#line?.run(`UNLISTEN ${quoteIdentifier(name)}`).catch(() => undefined); // then all is lost, and told so
    this.#closeUnused();
  }

  unlistenAll(listener: Listening): void {
    for (const name of this.#channels.keys()) this.unlisten(name, listener);
  }

  /** Whoever listens is told that it hears nothing more. */
  close(): void {
    const line = this.#line;
    this.#line = null;
    line?.close();
    const listeners = new Set(
      [...this.#channels.values()].flatMap((channel) => [...channel.listeners]),
    );
    this.#channels.clear();
    for (const listener of listeners) listener.onHubLost();
  }

  #openLine(): Line {
    const line: Line = new Line(this.#source, {
      tell: (notification) => this.#tell(notification),
      onClosed: () => {
        if (this.#line === line) this.close();
      },
    });
    return line;
  }

  #closeUnused(): void {
    if (this.#channels.size > 0) return;
    this.#line?.close();
    this.#line = null;
  }

  #tell(notification: Notification): void {
    for (const listener of this.#channels.get(notification.channel)?.listeners ?? []) {
      listener.onNotification(notification);
    }
  }
}

/** What a line says to its hub. */
interface LineOwner {
  tell(notification: Notification): void;
  onClosed(): void;
}

/** One connection of a hub, opened at once, and the commands it has not answered. */
class Line implements LegOwner {
  readonly #owner: LineOwner;
  readonly #frames = new FrameScanner();
  readonly #opened: Promise<Leg>;
  readonly #due: PromiseWithResolvers<void>[] = [];
  #error: ServerError | null = null;
  #isClosed = false;

  constructor(source: ServerSource, owner: LineOwner) {
    this.#owner = owner;
    this.#opened = this.#open(source);
    this.#opened.catch(() => (this.#isClosed = true)); // its first command says why
  }

  async run(sql: string): Promise<void> {
    const leg = await this.#opened;
    if (this.#isClosed) throw new Error('the connection that listens was closed');
    const due = Promise.withResolvers<void>();
    this.#due.push(due);
    leg.writeOwn(new MessageWriter().query(sql).take());
    await due.promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#opened.then(
      (leg) => leg.destroy(),
      () => undefined,
    );
  }

  onBytes(bytes: Buffer, length: number): void {
    try {
      this.#frames.push(Buffer.from(bytes.subarray(0, length)), this.#onFrame);
    } catch {
      this.close(); // what it says makes no sense: it is lost
    }
  }

  onDrain(): void {
    // Commands are short.
  }

  onClosed(error: Error | null): void {
    this.#end(error);
  }

  #end(error: Error | null): void {
    this.#isClosed = true;
    const reason = error ?? new Error('the connection that listens was closed');
    for (const due of this.#due.splice(0)) due.reject(reason);
    this.#owner.onClosed();
  }

  async #open(source: ServerSource): Promise<Leg> {
    const { leg } = await openServer(source, {
      parameters: { application_name: 'sluice pool listener' },
    });
    leg.handTo(this);
    return leg;
  }

  readonly #onFrame: OnFrame = (tag, bytes, start, end) => {
    if (tag === BackendTag.notificationResponse) {
      this.#owner.tell(decodeNotification(bytes, start, end));
    } else if (tag === BackendTag.errorResponse) {
      this.#error = new ServerError(decodeErrorFields(bytes, start, end));
    } else if (tag === BackendTag.readyForQuery) {
      const error = this.#error;
      this.#error = null;
      const due = this.#due.shift();
      if (error === null) due?.resolve();
      else due?.reject(error);
    }
  };
}
