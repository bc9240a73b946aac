import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect as open } from 'node:net';
import {
  jetstreamManager,
  type JetStreamManager,
  type StoredMsg,
  type StreamConfig,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import { findFreePort } from '../../src/demo/local-server-port.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait.ts';

const programs = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'];
const program = programs.find((path) => existsSync(path));

/** Why tests that need a real NATS server are skipped; null: one is installed. */
export const noNats = program === undefined ? 'nats-server is not installed' : null;

/** A message as a stream keeps it. */
export interface KeptMessage {
  readonly subject: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Buffer;
}

/** A real NATS server on a free port, its files in a folder of its own; all ended with the running test. */
export async function startNats(more: readonly string[] = ['-js']): Promise<RunningNats> {
  const nats = new RunningNats(await findFreePort(), temporaryFolder(), more);
  onTestFinished(() => nats.stop());
  await nats.start();
  return nats;
}

export class RunningNats {
  readonly port: number;
  readonly #folder: string;
  readonly #more: readonly string[];
  #child: ChildProcess | null = null;
  #client: NatsConnection | null = null;

  constructor(port: number, folder: string, more: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#more = more;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', String(this.port), '-sd', this.#folder];
    this.#child = spawn(program!, [...args, ...this.#more], { stdio: 'ignore' });
    await waitFor('nats-server to listen', () => isListening(this.port));
  }

  /** As a crash; what was acknowledged is on its disk. */
  async kill(): Promise<void> {
    await this.#client?.close();
    this.#client = null;
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
  }

  async manager(): Promise<JetStreamManager> {
    this.#client ??= await connect({ servers: this.address });
    return jetstreamManager(this.#client);
  }

  async addStream(name: string, config: Partial<StreamConfig> = {}): Promise<void> {
    const manager = await this.manager();
    await manager.streams.add({ name, subjects: ['sluice.>'], ...config });
  }

  /** Messages in the stream. */
  async count(stream: string): Promise<number> {
    const manager = await this.manager();
    return (await manager.streams.info(stream)).state.messages;
  }

  /** Everything in the stream, in its order. */
  async kept(stream: string): Promise<KeptMessage[]> {
    const manager = await this.manager();
    const { state } = await manager.streams.info(stream);
    const kept: KeptMessage[] = [];
    for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1_000) {
      const seqs = Array.from(
        { length: Math.min(1_000, state.last_seq + 1 - seq) },
        (_, i) => seq + i,
      );
      const read = seqs.map((one) => manager.streams.getMessage(stream, { seq: one }));
      kept.push(
        ...(await Promise.all(read)).flatMap((message) => (message ? toKept(message) : [])),
      );
    }
    return kept;
  }
}

function toKept(message: StoredMsg): KeptMessage {
  const headers = new Map([...message.header].map(([name, [value]]) => [name, value ?? '']));
  return { subject: message.subject, headers, payload: Buffer.from(message.data) };
}

async function isListening(port: number): Promise<boolean> {
  const socket = open({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
