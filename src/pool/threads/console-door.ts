import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { ConsoleLogin } from '../console-login.ts';
import { Leg, takeConnections, type LegOwner } from '../leg.ts';
import type { ParameterSet } from '../parameters.ts';

const introduction = z.object({
  user: z.string(),
  access: z.enum(['admin', 'stats']),
  from: z.string(),
});

/** Longer than any user name. */
const mostIntroductionBytes = 4096;

/**
 * Where consoles of other threads come in: operators reach any of the threads, but one of them has the
 * console. A Unix socket in a folder that only we may enter; a line of JSON says who has logged in.
 */
export class ConsoleDoor {
  readonly path: string;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.#server = server;
    this.path = join(folder, 'console');
  }

  static async open(
    take: (login: ConsoleLogin) => LegOwner,
    parameters: ParameterSet,
  ): Promise<ConsoleDoor> {
    const door = new ConsoleDoor(mkdtempSync(join(tmpdir(), 'sluice-pool-')), createServer());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    door.#server.once('error', reject);
    door.#server.listen(door.path, resolve);
    await promise;
    takeConnections(door.#server, (socket) => new Arrival(socket, parameters, take));
    return door;
  }

  close(): void {
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A console that has not said yet whose it is. */
class Arrival implements LegOwner {
  readonly #leg: Leg;
  readonly #parameters: ParameterSet;
  readonly #take: (login: ConsoleLogin) => LegOwner;
  #said = Buffer.alloc(0);

  constructor(socket: Socket, parameters: ParameterSet, take: (login: ConsoleLogin) => LegOwner) {
    this.#parameters = parameters;
    this.#take = take;
    this.#leg = new Leg(socket, this);
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#said = Buffer.concat([this.#said, bytes.subarray(0, length)]);
    const end = this.#said.indexOf('\n');
    if (end < 0) {
      if (this.#said.length > mostIntroductionBytes) this.#leg.destroy();
      return;
    }
    const said = introduction.parse(JSON.parse(this.#said.toString('utf8', 0, end)));
    const rest = this.#said.subarray(end + 1);
    const owner = this.#take({ ...said, leg: this.#leg, parameters: this.#parameters });
    if (rest.length > 0) owner.onBytes(rest, rest.length);
  }

  onDrain(): void {
    // It only listens.
  }

  onClosed(): void {
    // It never said who it was.
  }
}

/** A console in a thread that has none: what its operator types goes through the door. */
export function throughDoor(path: string, { leg, user, access, from }: ConsoleLogin): LegOwner {
  const socket = connect({ path });
  socket.write(`${JSON.stringify({ user, access, from })}\n`);
  socket.on('data', (bytes: Buffer) => leg.writeOwn(bytes));
  socket.on('error', () => leg.destroy());
  socket.on('close', () => leg.end());
  const owner: LegOwner = {
    onBytes: (bytes, length) => void socket.write(Buffer.from(bytes.subarray(0, length))),
    onDrain: () => undefined,
    onClosed: () => socket.destroy(),
  };
  leg.handTo(owner);
  return owner;
}
