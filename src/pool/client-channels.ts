import { BackendWriter, type MessageBuffer, type Notification } from '../wire/index.ts';
import type { ChannelHub, Listening } from './contracts.ts';
import type { ChannelCommand } from './sql-channels.ts';

/** What a client that is in a transaction, or does not read, may leave untold. */
export const mostUntoldBytes = 8 * 1024 * 1024;

/** The client that channels are heard for. */
export interface ChannelListener {
  /** There is something to tell. */
  onNotification(): void;
  /** It has not taken what there was to tell for too long. */
  onTooSlow(): void;
  /** What was notified from now on is lost. */
  onHubLost(): void;
}

/** The channels that a client listens on without a server of its own, and what it has not been told yet. */
export class ClientChannels implements Listening {
  readonly #hub: ChannelHub;
  readonly #client: ChannelListener;
  #names: Set<string> | null = null;
  #untold: Notification[] = [];
  #untoldBytes = 0;
  /** How often it has left all of them. */
  #round = 0;

  constructor(hub: ChannelHub, client: ChannelListener) {
    this.#hub = hub;
    this.#client = client;
  }

  /**
   * Listens where a text of the client says.
   *
   * @returns null: it does; else it is asked again when that resolves
   */
  follow(commands: readonly ChannelCommand[]): Promise<unknown> | null {
    const wanted = new Set(this.#names);
    for (const { isListen, channel } of commands) {
      if (channel === null) wanted.clear();
      else if (isListen) wanted.add(channel);
      else wanted.delete(channel);
    }
    const missing = [...wanted].filter((name) => this.#names?.has(name) !== true);
    if (missing.length > 0) return Promise.all(missing.map((name) => this.#join(name)));
    for (const name of this.#names ?? []) if (!wanted.has(name)) this.#leave(name);
    return null;
  }

  /** Resolves when everything that is notified from now on will be told. */
  async #join(channel: string): Promise<void> {
    const round = this.#round;
    await this.#hub.listen(channel, this);
    if (round !== this.#round) {
      // It has left meanwhile.
      this.#hub.unlisten(channel, this);
      return;
    }
    this.#names ??= new Set();
    this.#names.add(channel);
  }

  #leave(channel: string): void {
    this.#names?.delete(channel);
    this.#hub.unlisten(channel, this);
  }

  /** It listens, or has something to be told. */
  get isInUse(): boolean {
    return (this.#names?.size ?? 0) > 0 || this.#untold.length > 0;
  }

  leaveAll(): void {
    this.#round++;
    if (this.#names === null) return;
    this.#names = null;
    this.#hub.unlistenAll(this);
  }

  onNotification(notification: Notification): void {
    this.#untold.push(notification);
    this.#untoldBytes += notification.channel.length + notification.payload.length;
    if (this.#untoldBytes > mostUntoldBytes) this.#client.onTooSlow();
    else this.#client.onNotification();
  }

  onHubLost(): void {
    this.#client.onHubLost();
  }

  /** @returns whether there was something to tell */
  writeTo(out: MessageBuffer): boolean {
    if (this.#untold.length === 0) return false;
    const writer = new BackendWriter(out);
    this.#untoldBytes = 0;
    for (const { pid, channel, payload } of this.#untold.splice(0)) {
      writer.notification(pid, channel, payload);
    }
    return true;
  }
}
