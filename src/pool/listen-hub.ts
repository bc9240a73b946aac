import { ServerError } from '../errors/index.ts';
import { quoteIdentifier } from '../session/index.ts';
import type { Notification } from '../wire/index.ts';
import type { ChannelHub, Listening, ServerPlace } from './contracts.ts';
import type { Leg } from './leg.ts';
import { ListenHandover } from './listen-handover.ts';
import { ListenLine, type LineOwner, type LineSource } from './listen-line.ts';

interface Channel {
  readonly listeners: Set<Listening>;
  /** Everything that is committed after it has resolved is heard. */
  readonly heard: Promise<void>;
}

/** Whose clients a hub listens for. */
export interface HubOwner extends LineSource {
  /** It hears all channels where servers are opened now, or nobody listens any more. */
  onHubMoved(): void;
  /** It tries again. */
  onHubMoveFailed(error: unknown): void;
}

/** A server that is not there is soon missed: a RESUME waits for it. */
const retryMs = 250;

/**
 * One connection that listens for all clients of a database that are in transaction mode.
 *
 *     client LISTEN a ---> hub: LISTEN a (once) ---> confirmed ---> client's own LISTEN is answered
 *     NOTIFY a ---------> hub ---> every client that listens on a, between its transactions
 *
 * A client's LISTEN is answered only when the hub's is, so that no notification falls in between. When the
 * hub's connection is lost, its clients lose theirs too: they cannot know what they have missed.
 *
 * When the database leads elsewhere the hub goes on listening where it is until it hears everything there,
 * too; until then (`isMoving`) no transaction may begin.
 */
export class ListenHub implements ChannelHub, LineOwner {
  readonly #owner: HubOwner;
  readonly #channels = new Map<string, Channel>();
  #line: ListenLine | null = null;
  /** What takes the line's place, while it moves. */
  #next: ListenLine | null = null;
  #handover: ListenHandover | null = null;
  #moved: PromiseWithResolvers<void> | null = null;

  constructor(owner: HubOwner) {
    this.#owner = owner;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  get isMoving(): boolean {
    return this.#moved !== null;
  }

  /** Its connections: one, and while it moves the next one. */
  get lines(): ListenLine[] {
    return [this.#line, this.#next].filter((line) => line !== null);
  }

  /** Whether it listens at such a place. */
  isAt(matches: (place: ServerPlace, leg: Leg) => boolean): boolean {
    const at = this.#line?.loggedIn ?? null;
    return at !== null && matches(at.place, at.leg);
  }

  /** Resolves when every notification committed from now on will reach `listener`. */
  async listen(name: string, listener: Listening): Promise<void> {
    while (this.#moved !== null) await this.#moved.promise;
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      this.#line ??= new ListenLine(this.#owner, this);
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
    for (const line of [this.#line, this.#next]) {
      line?.run(`UNLISTEN ${quoteIdentifier(name)}`).catch(() => undefined); // then all is lost, and told so
    }
    this.#closeUnused();
  }

  unlistenAll(listener: Listening): void {
    for (const name of this.#channels.keys()) this.unlisten(name, listener);
  }

  /** Whoever listens is told that it hears nothing more. */
  close(): void {
    const listeners = new Set(
      [...this.#channels.values()].flatMap((channel) => [...channel.listeners]),
    );
    this.#channels.clear();
    this.#closeUnused();
    for (const listener of listeners) listener.onHubLost();
  }

  /** The server it listens at is not to be used any more: from now on it is moving. */
  expire(): void {
    if (this.#line !== null) this.#moved ??= Promise.withResolvers();
  }

  /** Listens where servers are opened now, if it has expired; a move under way begins again. */
  async move(): Promise<void> {
    const before = this.#line;
    if (this.#moved === null || before === null) return;
    this.#next?.close();
    const next = new ListenLine(this.#owner, this);
    const handover = new ListenHandover(before, next);
    this.#next = next;
    this.#handover = handover;
    try {
      const untold = await handover.run([...this.#channels.keys()]);
      if (this.#next === next) this.#take(next, untold);
    } catch (error) {
      if (this.#next === next) this.#tryAgain(error);
    }
  }

  onNotification(line: ListenLine, notification: Notification): void {
    // One that was given up may still have something to say.
    if (line !== this.#line && line !== this.#next) return;
    if (this.#handover?.hears(line, notification) !== false) this.#tell(notification);
  }

  onClosed(line: ListenLine): void {
    if (this.#line === line) this.close();
  }

  #take(next: ListenLine, untold: readonly Notification[]): void {
    const before = this.#line;
    this.#line = next;
    this.#endMove();
    for (const notification of untold) this.#tell(notification);
    before?.close();
    this.#owner.onHubMoved();
  }

  /** A server that refuses it will refuse it again; one that is not there may come. */
  #tryAgain(error: unknown): void {
    if (error instanceof ServerError && !error.sqlstate.startsWith('57P')) return this.close();
    this.#owner.onHubMoveFailed(error);
    const next = this.#next;
    setTimeout(() => {
      if (this.#next === next) void this.move();
    }, retryMs).unref();
  }

  #endMove(): void {
    this.#next = null;
    this.#handover = null;
    this.#moved?.resolve();
    this.#moved = null;
  }

  #closeUnused(): void {
    if (this.#channels.size > 0) return;
    const wasMoving = this.isMoving;
    const lines = [this.#line, this.#next];
    this.#line = null;
    this.#endMove();
    for (const line of lines) line?.close();
    if (wasMoving) this.#owner.onHubMoved();
  }

  #tell(notification: Notification): void {
    for (const listener of this.#channels.get(notification.channel)?.listeners ?? []) {
      listener.onNotification(notification);
    }
  }
}
