import { readFile } from 'node:fs/promises';
import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { connect } from 'node:net';
import { SluiceError } from '../../errors/index.ts';
import { asError, decisionOf, systemClock, type Clock, type Finding } from '../../service/index.ts';
import { sinkFinding } from '../finding.ts';
import { describingHeaders, headerText } from '../header-text.ts';
import { lanesOf } from '../lanes.ts';
import type { Outlet } from '../outlet.ts';
import type { Delivery, SinkMessage } from '../sink.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { retryAfterMs, verdictOf } from './answer.ts';
import type { HttpSinkOptions } from './options.ts';
import { post, type Answer } from './post.ts';
import { keyOf, leastKeyBytes, signedHeaders } from './signature.ts';

/** POSTs each message, signed, and takes any 2xx for its having arrived. */
export class HttpOutlet implements Outlet {
  readonly delivery: Delivery;
  readonly #options: HttpSinkOptions;
  readonly #clock: Clock;
  readonly #url: URL;
  /** Without what a URL may hold of secrets. */
  readonly #place: string;
  readonly #timeoutMs: number;
  #agent: PlainAgent | null = null;
  #pauseMs = 0;

  constructor(options: HttpSinkOptions, clock: Clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
    this.#url = new URL(options.url);
    this.#place = `${this.#url.origin}${this.#url.pathname}`;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.delivery = {
      guarantee: 'at-least-once',
      dependsOn:
        'the receiver keeps what it answered with 2xx, and knows a repetition by its webhook-id',
      order: this.#concurrency === 1 ? 'total' : 'per-key',
    };
  }

  get pauseMs(): number {
    return this.#pauseMs;
  }

  get #concurrency(): number {
    return this.#options.concurrency ?? 1;
  }

  /** Sends nothing: there is no request that every receiver takes for a mere question. */
  async check(signal: AbortSignal): Promise<Finding[]> {
    await this.#reach(signal);
    const isPlain = this.#url.protocol === 'http:' && !isLoopback(this.#url.hostname);
    const shortest = Math.min(...this.#options.secrets.map((secret) => keyOf(secret).length));
    return [
      ...(isPlain ? [sinkFinding('SINK_HTTP_PLAIN', this.#place, 'http, not https')] : []),
      ...(shortest < leastKeyBytes
        ? [sinkFinding('SINK_HTTP_SECRET', this.#place, `a key of ${shortest} bytes`)]
        : []),
    ];
  }

  async open(_signal: AbortSignal): Promise<void> {
    const { caFile } = this.#options;
    const limits = { keepAlive: true, maxSockets: this.#concurrency };
    this.#agent =
      this.#url.protocol === 'https:'
        ? new TlsAgent({ ...limits, ...(caFile && { ca: await readFile(caFile, 'utf8') }) })
        : new PlainAgent(limits);
  }

  async deliver(
    messages: readonly SinkMessage[],
    onDurable: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#pauseMs = 0;
    const lanes = lanesOf(messages, this.#concurrency, onDurable);
    const failed = new AbortController();
    const until = AbortSignal.any([signal, failed.signal]);
    const running = lanes.map(async (lane) => {
      try {
        for (const { message, arrived } of lane) {
          until.throwIfAborted();
          await this.#send(message, until);
          arrived();
        }
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
    await Promise.allSettled(running);
    signal.throwIfAborted();
    failed.signal.throwIfAborted();
  }

  close(): Promise<void> {
    this.#agent?.destroy();
    this.#agent = null;
    return Promise.resolve();
  }

  async #send(message: SinkMessage, signal: AbortSignal): Promise<void> {
    const { status, retryAfter } = await this.#post(message, signal);
    const details = { sink: this.#options.name, place: this.#place, reason: `HTTP ${status}` };
    switch (verdictOf(status)) {
      case 'taken':
        return;
      case 'later':
        this.#pauseMs = retryAfterMs(retryAfter, this.#clock.nowMs());
        throw new SluiceError('SINK_BUSY', details);
      case 'unwelcome':
        throw new SluiceError('SINK_AUTH', details);
      case 'misplaced':
        throw new SluiceError('SINK_REFUSED', { ...details, id: message.id });
      case 'refused':
        await this.#refused(message, details);
    }
  }

  async #refused(
    message: SinkMessage,
    details: { sink: string; place: string; reason: string },
  ): Promise<void> {
    const { deadLetters } = this.#options;
    if (!deadLetters) throw new SluiceError('SINK_REFUSED', { ...details, id: message.id });
    await deadLetters.put(message, `${this.#place} answered ${details.reason}`);
  }

  async #post(message: SinkMessage, signal: AbortSignal): Promise<Answer> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(this.#timedOut()), this.#timeoutMs);
    try {
      const until = AbortSignal.any([signal, late.signal]);
      const headers = this.#headersOf(message);
      return await post(this.#url, message.payload, {
        headers,
        agent: this.#agent!,
        signal: until,
      });
    } catch (error) {
      signal.throwIfAborted();
      late.signal.throwIfAborted();
      throw this.#failure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #headersOf(message: SinkMessage): Record<string, string> {
    const { secrets, headers, contentType = 'application/json' } = this.#options;
    const id = headerText(message.id);
    const described = {
      ...describingHeaders(message),
      'Sluice-Subject': message.subject.join('.'),
      ...message.headers,
    };
    const encoded = Object.entries(described).map(([name, value]) => [name, headerText(value)]);
    const timestamp = Math.floor(this.#clock.nowMs() / 1000);
    return {
      'User-Agent': 'sluice',
      'Content-Type': contentType,
      ...headers,
      ...Object.fromEntries(encoded),
      'Idempotency-Key': id,
      ...signedHeaders(id, timestamp, message.payload, secrets),
    };
  }

  /** Whether anybody listens there at all. */
  async #reach(signal: AbortSignal): Promise<void> {
    const { hostname, port, protocol } = this.#url;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) });
    socket.setTimeout(this.#timeoutMs, () => socket.destroy(this.#timedOut()));
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    connected.catch(() => undefined);
    try {
      await unlessAborted(connected, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(error);
    } finally {
      socket.destroy();
    }
  }

  #timedOut(): SluiceError {
    const { name: sink } = this.#options;
    const details = { sink, place: this.#place, timeoutMs: this.#timeoutMs };
    return new SluiceError('SINK_TIMEOUT', details);
  }

  #failure(error: unknown): Error {
    if (error instanceof SluiceError) return error;
    const details = {
      sink: this.#options.name,
      place: this.#place,
      reason: asError(error).message,
    };
    return decisionOf(error) === 'reconnect'
      ? new SluiceError('SINK_LOST', details, { cause: error })
      : new SluiceError('SINK_TLS', details, { cause: error });
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
