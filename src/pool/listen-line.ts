import { ServerError } from '../errors/index.ts';
import {
  BackendTag,
  decodeErrorFields,
  decodeNotification,
  FrameScanner,
  MessageWriter,
  type Notification,
  type OnFrame,
} from '../wire/index.ts';
import type { LoggedIn, ServerSource } from './contracts.ts';
import type { Leg, LegOwner } from './leg.ts';
import { openServer } from './server-login.ts';

/** What a line says to its hub. */
export interface LineOwner {
  onNotification(line: ListenLine, notification: Notification): void;
  onClosed(line: ListenLine): void;
}

/** What servers know it by. */
export const listenerName = 'sluice pool listener';

/** Whose connection it is. */
export interface LineSource extends ServerSource {
  nextServerId(): number;
  /** One server more, whatever the limits say: what is there is counted, so that others stay within them. */
  countListener(): void;
  releaseListener(): void;
}

/** One connection of a hub, opened at once, and the commands it has not answered. */
export class ListenLine implements LegOwner {
  readonly id: number;
  readonly startedAtMs = Date.now();
  readonly #owner: LineOwner;
  readonly #source: LineSource;
  readonly #frames = new FrameScanner();
  readonly #opened: Promise<Leg>;
  readonly #due: PromiseWithResolvers<void>[] = [];
  #error: ServerError | null = null;
  #isClosed = false;
  #loggedIn: LoggedIn | null = null;

  constructor(source: LineSource, owner: LineOwner) {
    this.id = source.nextServerId();
    this.#owner = owner;
    this.#source = source;
    source.countListener();
    this.#opened = this.#open(source);
    // Its first command says why.
    this.#opened.catch(() => {
      this.#isClosed = true;
      source.releaseListener();
    });
  }

  /** Null while it is being opened. */
  get loggedIn(): LoggedIn | null {
    return this.#loggedIn;
  }

  /** Resolves when it has logged in. */
  get opened(): Promise<unknown> {
    return this.#opened;
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
    this.#isClosed = true;
    this.#source.releaseListener();
    const reason = error ?? new Error('the connection that listens was closed');
    for (const due of this.#due.splice(0)) due.reject(reason);
    this.#owner.onClosed(this);
  }

  async #open(source: ServerSource): Promise<Leg> {
    const parameters = { application_name: listenerName };
    this.#loggedIn = await openServer(source, { parameters });
    const { leg } = this.#loggedIn;
    leg.handTo(this);
    return leg;
  }

  readonly #onFrame: OnFrame = (tag, bytes, start, end) => {
    if (tag === BackendTag.notificationResponse) {
      this.#owner.onNotification(this, decodeNotification(bytes, start, end));
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
