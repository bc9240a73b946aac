import { readFile } from 'node:fs/promises';
import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import {
  connect,
  credsAuthenticator,
  headers,
  type MsgHdrs,
  type NatsConnection,
} from '@nats-io/transport-node';
import { SluiceError } from '../../errors/index.ts';
import type { Finding } from '../../service/index.ts';
import { sinkFinding } from '../finding.ts';
import { describingHeaders, headerText } from '../header-text.ts';
import type { Outlet } from '../outlet.ts';
import type { Delivery, SinkMessage } from '../sink.ts';
import { fillSubject } from '../subject.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { checkStream, missingStream, type StreamNeeds } from './check-stream.ts';
import {
  connectError,
  isMissingStream,
  isOrderRefusal,
  isUnanswered,
  isWithoutJetStream,
  publishError,
  type NatsPlace,
} from './nats-errors.ts';
import { natsDelivery } from './delivery.ts';
import type { NatsSinkOptions } from './options.ts';
import { subjectToken } from './subject-token.ts';

interface Open {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  /** Rejects when the connection ends, so that nobody waits for what can no longer come. */
  readonly lost: Promise<never>;
}

/** One that is sent and not acknowledged. */
interface Flying {
  readonly bytes: number;
  readonly acknowledged: Promise<unknown>;
}

/**
 * Publishes into a stream, many at once, each under its message's id: within the stream's duplicate window a
 * repetition is acknowledged and not stored.
 *
 * Order does not depend on every publish going well: each but the first of a flight is only taken behind the one
 * before it (`Nats-Expected-Last-Msg-Id`). When one is refused so are those behind it, and the next flight begins there.
 */
export class NatsOutlet implements Outlet {
  readonly delivery: Delivery;
  readonly #options: NatsSinkOptions;
  readonly #at: NatsPlace;
  readonly #needs: StreamNeeds;
  readonly #maxInFlight: number;
  readonly #maxInFlightBytes: number;
  #open: Open | null = null;

  constructor(options: NatsSinkOptions) {
    const { subject = 'sluice.{subject}', dedupWindowMs = 120_000 } = options;
    this.#options = options;
    this.#needs = { stream: options.stream, subject, dedupWindowMs };
    this.#maxInFlight = options.maxInFlight ?? 512;
    this.#maxInFlightBytes = options.maxInFlightBytes ?? 8 * 1024 ** 2;
    this.#at = {
      sink: options.name,
      place: `NATS ${options.servers.join(', ')}`,
      ackTimeoutMs: options.ackTimeoutMs ?? 10_000,
    };
    this.delivery = natsDelivery(options.stream);
  }

  async check(signal: AbortSignal): Promise<Finding[]> {
    const { connection } = await this.#connect(signal);
    try {
      const manager = await jetstreamManager(connection, { timeout: this.#at.ackTimeoutMs });
      const { config } = await unlessAborted(manager.streams.info(this.#needs.stream), signal);
      return checkStream(config, this.#needs);
    } catch (error) {
      signal.throwIfAborted();
      if (isMissingStream(error)) return [missingStream(this.#needs)];
      if (!isWithoutJetStream(error)) throw connectError(error, this.#at);
      return [sinkFinding('SINK_NATS_JETSTREAM', this.#at.place, 'JetStream is not enabled')];
    } finally {
      await connection.close();
    }
  }

  async open(signal: AbortSignal): Promise<void> {
    this.#open = await this.#connect(signal);
  }

  async deliver(
    messages: readonly SinkMessage[],
    onDurable: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const open = this.#open!;
    let arrived = 0;
    let window = this.#maxInFlight;
    while (arrived < messages.length) {
      const flight = new Flight(this, open, messages.slice(arrived), window);
      try {
        await flight.land(() => {
          arrived += 1;
          onDurable();
        }, signal);
      } catch (error) {
        signal.throwIfAborted();
        const refused = messages[arrived]!;
        if (!isOrderRefusal(error)) throw await this.#explain(error, refused, signal);
        window = Math.max(1, Math.floor(window / 2)); // others write there too: the less can be in vain
      }
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.connection.close();
  }

  /** Whether one more of this size may be sent while `flying` is. */
  hasRoom(flying: { count: number; bytes: number }, bytes: number, window: number): boolean {
    if (flying.count === 0) return true;
    return flying.count < window && flying.bytes + bytes <= this.#maxInFlightBytes;
  }

  /** Sends one. `behind` is the id that must be the stream's last one. */
  publish(open: Open, message: SinkMessage, behind: string | undefined): Flying {
    const { stream, subject } = this.#needs;
    const described = natsHeaders(message, stream, behind);
    const bytes = message.payload.length + sizeOf(described);
    const limit = open.connection.info?.max_payload ?? Infinity;
    const { sink, place, ackTimeoutMs } = this.#at;
    const acknowledged =
      bytes > limit
        ? Promise.reject(
            new SluiceError('SINK_TOO_LARGE', { sink, place, id: message.id, bytes, limit }),
          )
        : open.client.publish(
            fillSubject(subject, message.subject, subjectToken),
            message.payload,
            {
              headers: toNats(described),
              timeout: ackTimeoutMs,
              retries: 1, // a retry of its own would come behind later ones
            },
          );
    acknowledged.catch(toldInItsPlace);
    return { bytes, acknowledged };
  }

  async #connect(signal: AbortSignal): Promise<Open> {
    signal.throwIfAborted();
    const { servers, user, password, token, credentials, caFile, name } = this.#options;
    const connecting = connect({
      servers: [...servers],
      name: `sluice ${name}`,
      // A lost connection is ours to see: what was under way then is sent again, in order.
      reconnect: false,
      timeout: this.#at.ackTimeoutMs,
      pingInterval: 10_000,
      maxPingOut: 2,
      noAsyncTraces: true,
      ...(user !== undefined && { user }),
      ...(password !== undefined && { pass: password }),
      ...(token !== undefined && { token }),
      ...(credentials !== undefined && {
        authenticator: credsAuthenticator(Buffer.from(credentials)),
      }),
      ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
    });
    try {
      const connection = await unlessAborted(connecting, signal);
      return { connection, client: jetstream(connection), lost: lossOf(connection) };
    } catch (error) {
      connecting.then((late) => late.close(), toldInItsPlace);
      signal.throwIfAborted();
      throw connectError(error, this.#at);
    }
  }

  /** Nobody answers for a subject while its stream has no leader, and when there is no such stream any more. */
  async #explain(error: unknown, message: SinkMessage, signal: AbortSignal): Promise<unknown> {
    if (!isUnanswered(error)) return publishError(error, message, this.#at);
    const { sink, place } = this.#at;
    const reason = `no stream answers for subject ${fillSubject(this.#needs.subject, message.subject, subjectToken)}`;
    const [finding] = (await this.check(signal)).filter(({ severity }) => severity === 'blocks');
    if (finding === undefined) return new SluiceError('SINK_BUSY', { sink, place, reason });
    const told = `${finding.code} ${finding.subject}: ${finding.evidence}`;
    return new SluiceError('SINK_BLOCKED', { sink, count: 1, finding: told });
  }
}

/** Messages under way at once, acknowledged from the first on. */
class Flight {
  readonly #outlet: NatsOutlet;
  readonly #open: Open;
  readonly #messages: readonly SinkMessage[];
  readonly #window: number;
  readonly #flying: Flying[] = [];
  #sent = 0;
  #bytes = 0;

  constructor(outlet: NatsOutlet, open: Open, messages: readonly SinkMessage[], window: number) {
    this.#outlet = outlet;
    this.#open = open;
    this.#messages = messages;
    this.#window = window;
  }

  /** Ends with the first that did not arrive, once nothing behind it can any more. */
  async land(onDurable: () => void, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        signal.throwIfAborted();
        this.#launch();
        const next = this.#flying[0];
        if (next === undefined) return;
        await unlessAborted(Promise.race([next.acknowledged, this.#open.lost]), signal);
        this.#flying.shift();
        this.#bytes -= next.bytes;
        onDurable();
      }
    } catch (error) {
      if (!signal.aborted) await this.#settle();
      throw error;
    }
  }

  #launch(): void {
    for (;;) {
      const message = this.#messages[this.#sent];
      if (message === undefined) return;
      const flying = { count: this.#flying.length, bytes: this.#bytes };
      if (!this.#outlet.hasRoom(flying, message.payload.length, this.#window)) return;
      const launched = this.#outlet.publish(
        this.#open,
        message,
        this.#messages[this.#sent - 1]?.id,
      );
      this.#flying.push(launched);
      this.#bytes += launched.bytes;
      this.#sent += 1;
    }
  }

  async #settle(): Promise<void> {
    const all = Promise.allSettled(this.#flying.map(({ acknowledged }) => acknowledged));
    await Promise.race([all, this.#open.lost.catch(toldInItsPlace)]);
  }
}

/** With what JetStream acts on: its headers, not the client's options, so that all of a message can be measured. */
function natsHeaders(
  message: SinkMessage,
  stream: string,
  behind: string | undefined,
): [string, string][] {
  const all = {
    ...describingHeaders(message),
    ...message.headers,
    'Nats-Msg-Id': message.id,
    'Nats-Expected-Stream': stream,
    ...(behind !== undefined && { 'Nats-Expected-Last-Msg-Id': behind }),
  };
  return Object.entries(all).map(([name, value]) => [name, headerText(value)]);
}

/** On the wire: `NATS/1.0`, a line each, an empty line. */
function sizeOf(described: readonly [string, string][]): number {
  return described.reduce((bytes, [name, value]) => bytes + name.length + value.length + 4, 12);
}

function toNats(described: readonly [string, string][]): MsgHdrs {
  const all = headers();
  for (const [name, value] of described) all.set(name, value);
  return all;
}

function lossOf(connection: NatsConnection): Promise<never> {
  const lost = connection.closed().then((error) => {
    throw error instanceof Error ? error : new Error('the connection was closed');
  });
  lost.catch(toldInItsPlace);
  return lost;
}

function toldInItsPlace(): undefined {
  return undefined;
}
