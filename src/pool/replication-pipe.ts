import { BackendWriter, MessageBuffer } from '../wire/index.ts';
import type { LoggedIn } from './contracts.ts';
import type { Leg, LegOwner } from './leg.ts';

/** Whose a pipe is. */
export interface PipeFacts {
  readonly clientId: number;
  readonly serverId: number;
  /** Of the database, as clients call it. */
  readonly database: string;
  readonly clientUser: string;
  readonly serverUser: string;
  readonly kind: 'logical' | 'physical';
}

/**
 * A client that follows a slot or takes a base backup, and its own server: bytes both ways, unread. Such a
 * connection is never shared, and counts as one of its database's servers.
 */
export class ReplicationPipe {
  readonly facts: PipeFacts;
  readonly startedAtMs = Date.now();
  readonly #server: LoggedIn;
  readonly #onOver: (pipe: ReplicationPipe) => void;
  readonly #out = new MessageBuffer(64 * 1024);
  #client: Leg | null = null;
  #isOver = false;

  constructor(facts: PipeFacts, server: LoggedIn, onOver: (pipe: ReplicationPipe) => void) {
    this.facts = facts;
    this.#server = server;
    this.#onOver = onOver;
    server.leg.handTo(this.#ownerOf(() => this.#client, server.leg));
  }

  get server(): LoggedIn {
    return this.#server;
  }

  /** Null until the client has been told that it is in. */
  get clientLeg(): Leg | null {
    return this.#client;
  }

  /** @returns who the client's connection belongs to */
  begin(client: Leg): LegOwner {
    this.#client = client;
    const writer = new BackendWriter();
    for (const [name, value] of this.#server.reported) writer.parameterStatus(name, value);
    // Its own backend's key: a cancel request comes here, and finds no client of that number.
    writer.backendKeyData(this.#server.key.pid, this.#server.key.key).readyForQuery('I');
    client.writeOwn(writer.take());
    const owner = this.#ownerOf(() => this.#server.leg, client);
    client.handTo(owner);
    return owner;
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#server.leg.destroy();
    this.#client?.end();
    this.#onOver(this);
  }

  #ownerOf(otherOf: () => Leg | null, own: Leg): LegOwner {
    return {
      onBytes: (bytes, length) => {
        const other = otherOf();
        if (other === null) return;
        this.#out.slice(bytes, 0, length);
        other.write(this.#out);
        if (other.isFull) own.pause();
      },
      onDrain: () => otherOf()?.resume(),
      onClosed: () => this.destroy(),
    };
  }
}
