import { BackendWriter, MessageBuffer } from '../wire/index.ts';
import type { LoggedIn } from './contracts.ts';
import type { Database } from './database.ts';
import type { Leg, LegOwner } from './leg.ts';

/**
 * A client that follows a slot or takes a base backup, and its own server: bytes both ways, unread. Such a
 * connection is never shared, and counts as one of its database's servers.
 */
export class ReplicationPipe {
  readonly #database: Database;
  readonly #server: LoggedIn;
  readonly #out = new MessageBuffer(64 * 1024);
  #client: Leg | null = null;
  #isOver = false;

  constructor(database: Database, server: LoggedIn) {
    this.#database = database;
    this.#server = server;
    database.serverCount++;
    server.leg.handTo(this.#ownerOf(() => this.#client, server.leg));
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
    this.#database.serverCount--;
    this.#server.leg.destroy();
    this.#client?.end();
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
