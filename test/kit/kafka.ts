import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { findFreePort } from '../../src/demo/local-server-port.ts';
import { waitFor, within } from './wait.ts';

const program = '/usr/bin/kcat';

/** Why tests that need a Kafka broker are skipped; null: kcat can pretend to be one. */
export const noKafka = existsSync(program) ? null : `${program} is not installed`;

/** A record as a topic keeps it. */
export interface KeptRecord {
  readonly partition: number;
  /** `name=value` pairs, with commas in between. */
  readonly headers: string;
  readonly key: Buffer | null;
  readonly value: Buffer;
}

/**
 * The broker that is in librdkafka for its own tests: it speaks the protocol and keeps records in memory, no more
 * (no rights, no limits, no idempotent producers). One broker, four partitions a topic. Ended with the running test.
 */
export async function startKafka(topic: string): Promise<MockKafka> {
  const mock = ['-X', 'test.mock.num.brokers=1', '-b', 'any'];
  const child = spawn(program, [...mock, '-C', '-t', topic], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  let said = '';
  child.stderr.on('data', (bytes) => (said += String(bytes)));
  const [, port] = await waitFor('the mock broker', () => /127\.0\.0\.1:(\d+)/.exec(said));
  await waitFor('the topic', () => said.includes('Reached end'));
  return new MockKafka(Number(port));
}

export class MockKafka {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** All records of a topic, partition by partition, each in its order. */
  async kept(topic: string): Promise<KeptRecord[]> {
    const place = [
      '-b',
      `127.0.0.1:${this.port}`,
      '-C',
      '-t',
      topic,
      '-o',
      'beginning',
      '-e',
      '-q',
    ];
    const reading = promisify(execFile)(program, [...place, '-f', '%p %K %S\\n%h\\n%k%s\\n'], {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    });
    const { stdout } = await within('kcat to read the topic', reading);
    return readRecords(stdout).toSorted((a, b) => a.partition - b.partition);
  }

  /**
   * A way in at which the broker says that its address is `advertised`: clients go where the brokers say, past
   * any proxy, unless they say the proxy. Ended with the running test.
   */
  async advertise(advertised: number): Promise<number> {
    const port = await findFreePort();
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const broker = connect({ host: '127.0.0.1', port: this.port });
      for (const socket of [client, broker]) {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => [client, broker].forEach((other) => other.destroy()));
      }
      client.pipe(broker);
      rewriteFrames(broker, client, (frame) => replacePort(frame, this.port, advertised));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
    return port;
  }
}

/** Responses are frames: four bytes of length, then as many. */
function rewriteFrames(from: Socket, to: Socket, rewrite: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  from.on('data', (bytes) => {
    rest = Buffer.concat([rest, Buffer.from(bytes)]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const frame = rest.subarray(0, 4 + rest.readUInt32BE(0));
      rest = rest.subarray(frame.length);
      rewrite(frame);
      to.write(frame);
    }
  });
  from.once('end', () => to.end());
}

/** A broker is told as its host, then its port in four bytes. */
function replacePort(frame: Buffer, port: number, advertised: number): void {
  const host = Buffer.from('127.0.0.1');
  for (let at = frame.indexOf(host); at >= 0; at = frame.indexOf(host, at + 1)) {
    const behind = at + host.length;
    if (behind + 4 > frame.length || frame.readInt32BE(behind) !== port) continue;
    frame.writeInt32BE(advertised, behind);
  }
}

function readRecords(output: Buffer): KeptRecord[] {
  const records: KeptRecord[] = [];
  for (let at = 0; at < output.length;) {
    const endOfSizes = output.indexOf('\n', at);
    const endOfHeaders = output.indexOf('\n', endOfSizes + 1);
    const sizes = output.toString('utf8', at, endOfSizes).split(' ').map(Number);
    const [partition = 0, keyBytes = 0, valueBytes = 0] = sizes;
    const key = endOfHeaders + 1;
    const value = key + Math.max(0, keyBytes);
    const end = value + Math.max(0, valueBytes);
    records.push({
      partition,
      headers: output.toString('utf8', endOfSizes + 1, endOfHeaders),
      key: keyBytes < 0 ? null : output.subarray(key, value),
      value: output.subarray(value, end),
    });
    at = end + 1;
  }
  return records;
}
