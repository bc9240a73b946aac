import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { CommandOutput } from '../io.ts';

/** Tells a process that takes over where the command line waits that asked for it. Not for people. */
export const takingOverFlag = '--taking-over';

/** What a process that takes over tells the command line that asked for it. */
const report = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), pid: z.number() }),
  /** For stderr. */
  z.object({ kind: z.literal('said'), text: z.string() }),
  z.object({ kind: z.literal('ended'), exitCode: z.number() }),
]);
type Report = z.output<typeof report>;

/**
 * Where a process that takes over comes to the command line that asked for it: a Unix socket in a folder that is
 * nobody else's. It is no child of ours, so that there is no other way to hear from it.
 */
export class Door {
  readonly path: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #say: (text: string) => void;
  readonly #ended = Promise.withResolvers<number>();
  #visitor: Socket | null = null;
  /** Of the process, once it has come. */
  pid: number | null = null;

  private constructor(folder: string, say: (text: string) => void) {
    this.#folder = folder;
    this.path = join(folder, 'door');
    this.#say = say;
    this.#server = createServer((visitor) => this.#welcome(visitor));
  }

  static async open(say: (text: string) => void): Promise<Door> {
    const door = new Door(await mkdtemp(join(tmpdir(), 'sluice-')), say);
    door.#server.listen(door.path);
    await once(door.#server, 'listening');
    return door;
  }

  /** What the process ends with; 1 when it ends without a word. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  async close(): Promise<void> {
    this.#visitor?.destroy();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #welcome(visitor: Socket): void {
    this.#visitor = visitor;
    this.#server.close();
    const lines = createInterface({ input: visitor });
    lines.on('line', (line) => this.#hear(report.parse(JSON.parse(line))));
    lines.on('close', () => this.#ended.resolve(1));
    visitor.on('error', () => undefined); // then it is closed
  }

  #hear(said: Report): void {
    if (said.kind === 'started') this.pid = said.pid;
    else if (said.kind === 'said') this.#say(said.text);
    else this.#ended.resolve(said.exitCode);
  }
}

/** The command line that asked for this process, as long as it is there. Where the log goes. */
export class Asker implements CommandOutput {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined); // it has gone: nobody listens any more
    socket.resume();
  }

  static async find(door: string): Promise<Asker> {
    const socket = connect({ path: door });
    const asker = new Asker(socket);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    asker.#tell({ kind: 'started', pid: process.pid });
    return asker;
  }

  write(text: string): void {
    this.#tell({ kind: 'said', text });
  }

  /** Resolves when it has heard. */
  async end(exitCode: number): Promise<void> {
    this.#tell({ kind: 'ended', exitCode });
    if (this.#socket.destroyed) return;
    this.#socket.end();
    await once(this.#socket, 'close');
  }

  #tell(said: Report): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(said)}\n`);
  }
}
