import { TLSSocket, connect as connectTls } from 'node:tls';
import {
  isSluiceError,
  ServerError,
  SluiceError,
  type ServerMessageFields,
} from '../errors/index.ts';
import { buildTlsOptions, type TargetSessionAttrs, type TlsTarget } from '../session/index.ts';
import {
  Authenticator,
  BackendTag,
  decodeAuthentication,
  decodeBackendKeyData,
  decodeErrorFields,
  decodeNegotiateProtocolVersion,
  decodeParameterStatus,
  describeTag,
  EncryptionAnswer,
  FrameScanner,
  MessageWriter,
  negotiatedVersion,
  ProtocolVersion,
  type BackendKeyData,
  type OnFrame,
} from '../wire/index.ts';
import type { LoggedIn, ServerPlace, ServerSource } from './contracts.ts';
import { keepAlive } from './keepalive.ts';
import { Leg, legSocket, type LegOwner } from './leg.ts';

/** Startup parameters beside user and database: `replication` of a client that follows. */
export interface ServerLoginOptions {
  readonly parameters?: Readonly<Record<string, string>>;
}

/**
 * Opens a connection to one of the hosts of a database and logs in.
 *
 * Hosts that cannot be reached, or are not of the kind asked for, make room for the next one.
 */
export async function openServer(
  source: ServerSource,
  options: ServerLoginOptions = {},
): Promise<LoggedIn> {
  const { database } = source;
  const hosts = database.entry.hosts.length > 0 ? database.entry.hosts : [''];
  const first = database.entry.loadBalanceHosts === 'disable' ? 0 : database.nextHost;
  database.nextHost = (first + 1) % hosts.length;
  let failure: unknown;
  for (const wanted of rounds(database.entry.targetSessionAttrs)) {
    for (let i = 0; i < hosts.length; i++) {
      const host = hosts[(first + i) % hosts.length]!;
      try {
        return await openAt(source, { host, port: database.entry.port }, wanted, options);
      } catch (error) {
        failure ??= error;
        if (!mayTryNext(error)) throw error;
      }
    }
  }
  throw failure;
}

/** `prefer-standby` looks for a standby everywhere before it takes what it gets. */
function rounds(attrs: TargetSessionAttrs): TargetSessionAttrs[] {
  return attrs === 'prefer-standby' ? ['standby', 'any'] : [attrs];
}

function mayTryNext(error: unknown): boolean {
  if (error instanceof ServerError) return error.sqlstate.startsWith('57P');
  return isSluiceError(error);
}

async function openAt(
  source: ServerSource,
  place: ServerPlace,
  wanted: TargetSessionAttrs,
  options: ServerLoginOptions,
): Promise<LoggedIn> {
  const { server_connect_timeout: seconds } = source.pooler.settings;
  const address = await source.pooler.dns.find(place.host);
  const login = new ServerLogin(source, place, options);
  const timer =
    seconds > 0 ? setTimeout(() => login.fail(timedOut(place, seconds)), seconds * 1000) : null;
  try {
    return await login.run(address, wanted);
  } catch (error) {
    login.destroy();
    throw error;
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

function timedOut(place: ServerPlace, seconds: number): SluiceError {
  return new SluiceError('POOL_SERVER_TIMEOUT', { place: describePlace(place), seconds });
}

export function describePlace({ host, port }: ServerPlace): string {
  return host.startsWith('/') || host === '' ? `unix:${host}/.s.PGSQL.${port}` : `${host}:${port}`;
}

/** One login at one address. */
class ServerLogin implements LegOwner {
  readonly #source: ServerSource;
  readonly #place: ServerPlace;
  readonly #options: ServerLoginOptions;
  readonly #frames = new FrameScanner();
  readonly #reported = new Map<string, string>();
  readonly #failed = Promise.withResolvers<never>();
  #leg: Leg | null = null;
  #isConnected = false;
  #isConnectQuery = false;
  #key: BackendKeyData = { pid: 0, key: Buffer.alloc(4) };
  #authenticator: Authenticator | null = null;
  /** What waits for the next answer: one byte before TLS, messages after. */
  #encryptionAnswer: PromiseWithResolvers<number> | null = null;
  #ready = Promise.withResolvers<void>();
  #version: number = ProtocolVersion.v3_2;

  constructor(source: ServerSource, place: ServerPlace, options: ServerLoginOptions) {
    this.#source = source;
    this.#place = place;
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
  }

  async run(address: string | null, wanted: TargetSessionAttrs): Promise<LoggedIn> {
    const leg = await this.#inTime(this.#connect(address));
    this.#leg = leg;
    if (address !== null) await this.#inTime(this.#encrypt(leg));
    this.#authenticator = this.#makeAuthenticator(leg);
    leg.writeOwn(this.#startup());
    await this.#inTime(this.#ready.promise);
    await this.#inTime(this.#checkKind(wanted));
    const { connectQuery } = this.#source.database.entry;
    if (connectQuery !== null) {
      this.#isConnectQuery = true;
      await this.#inTime(this.#query(connectQuery));
    }
    return {
      leg,
      key: this.#key,
      reported: this.#reported,
      place: this.#place,
      isEncrypted: leg.tlsSocket !== null,
    };
  }

  fail(error: unknown): void {
    this.#failed.reject(error);
  }

  destroy(): void {
    this.#leg?.destroy();
  }

  onBytes(bytes: Buffer, length: number): void {
    // Answers are looked at after the call: a copy, and there are few.
    const copy = Buffer.from(bytes.subarray(0, length));
    if (this.#encryptionAnswer !== null) {
      // More than one byte now would be read as if it had come encrypted.
      if (copy.length === 1) this.#encryptionAnswer.resolve(copy[0]!);
      else this.fail(this.#lost('the answer to SSLRequest is not one byte'));
      return;
    }
    try {
      this.#frames.push(copy, this.#onFrame);
    } catch (error) {
      this.fail(error);
    }
  }

  onDrain(): void {
    // Logins write little.
  }

  onClosed(error: Error | null): void {
    const reason = error?.message ?? 'it hung up';
    this.fail(this.#isConnected ? this.#lost(reason) : this.#unreachable(reason));
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }

  async #connect(address: string | null): Promise<Leg> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { settings } = this.#source.pooler;
    const socket = legSocket();
    const leg = new Leg(socket, this);
    this.#leg = leg;
    if (address === null) {
      const folder =
        this.#place.host === '' ? settings.unix_socket_dir || '/tmp' : this.#place.host;
      socket.connect({ path: `${folder}/.s.PGSQL.${this.#place.port}` }, resolve);
    } else {
      socket.connect({ host: address, port: this.#place.port }, resolve);
      socket.setNoDelay(true);
      keepAlive(socket, settings);
    }
    await promise;
    this.#isConnected = true;
    return leg;
  }

  async #encrypt(leg: Leg): Promise<void> {
    const tls = this.#source.pooler.serverTls(this.#source.database);
    if (tls.mode === 'disable' || tls.mode === 'allow') return;
    const answer = Promise.withResolvers<number>();
    this.#encryptionAnswer = answer;
    leg.writeOwn(new MessageWriter().sslRequest().take());
    const byte = await answer.promise;
    this.#encryptionAnswer = null;
    if (byte === EncryptionAnswer.accepted) return this.#startTls(leg, tls);
    if (tls.mode === 'prefer') return;
    throw this.#lost('it does not support TLS, which server_tls_sslmode asks for');
  }

  async #startTls(leg: Leg, tls: TlsTarget): Promise<void> {
    const { host, port } = this.#place;
    const options = await buildTlsOptions(tls, { host, hostaddr: null, port });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connectTls({ ...options, socket: leg.socket }, resolve);
    socket.once('error', reject);
    leg.replaceSocket(socket);
    try {
      await promise;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (!socket.authorizationError) throw this.#lost(reason);
      const place = describePlace(this.#place);
      throw new SluiceError('POOL_SERVER_CERTIFICATE', { place, reason }, { cause });
    }
  }

  #makeAuthenticator(leg: Leg): Authenticator {
    const secret = this.#source.pooler.serverSecretOf(this.#source);
    const certificate = leg.tlsSocket?.getPeerX509Certificate()?.raw ?? null;
    return new Authenticator({
      user: this.#source.user,
      ...(secret === null ? {} : { secret }),
      scramKeyCache: this.#source.pooler.scramKeys,
      channelBinding: 'prefer',
      isTls: leg.socket instanceof TLSSocket,
      serverCertificate: certificate,
    });
  }

  #startup(): Buffer {
    const { database, user } = this.#source;
    const parameters = {
      user,
      database: database.serverName,
      ...database.entry.parameters,
      ...this.#options.parameters,
    };
    return new MessageWriter().startup(this.#version, parameters).take();
  }

  readonly #onFrame: OnFrame = (tag, bytes, start, end) => {
    switch (tag) {
      case BackendTag.authentication:
        this.#authenticate(bytes, start, end);
        return;
      case BackendTag.backendKeyData:
        this.#key = decodeBackendKeyData(bytes, start, end);
        return;
      case BackendTag.negotiateProtocolVersion: {
        const answer = decodeNegotiateProtocolVersion(bytes, start, end);
        this.#version = negotiatedVersion(this.#version, [], answer);
        return;
      }
      case BackendTag.parameterStatus: {
        const { name, value } = decodeParameterStatus(bytes, start, end);
        this.#reported.set(name, value);
        return;
      }
      case BackendTag.errorResponse:
        return this.#onError(decodeErrorFields(bytes, start, end));
      case BackendTag.readyForQuery:
        if (this.#authenticator?.isDone !== true) throw this.#lost('it skipped authentication');
        this.#ready.resolve();
        return;
      case BackendTag.dataRow:
        this.#rows.push(bytes.toString('utf8', start, end));
        return;
      case BackendTag.noticeResponse:
      case BackendTag.rowDescription:
      case BackendTag.commandComplete:
      case BackendTag.emptyQueryResponse:
        return;
      default:
        throw this.#lost(`it sent ${describeTag(tag)} during the login`);
    }
  };

  #authenticate(bytes: Buffer, start: number, end: number): void {
    const message = decodeAuthentication(bytes, start, end);
    this.#authenticator!.answer(message).then(
      (answer) => {
        if (answer !== null) this.#leg?.writeOwn(answer);
      },
      (error: unknown) => this.fail(error),
    );
  }

  #rows: string[] = [];

  async #query(text: string): Promise<string[]> {
    this.#rows = [];
    this.#ready = Promise.withResolvers();
    this.#leg!.writeOwn(new MessageWriter().query(text).take());
    await this.#ready.promise;
    return this.#rows;
  }

  #onError(fields: ServerMessageFields): void {
    const error = new ServerError(fields, describePlace(this.#place));
    if (!this.#isConnectQuery || fields.severity !== 'ERROR') throw error;
    // The server is used all the same.
    this.#source.pooler.log.warn('connect_query failed', { error });
  }

  async #checkKind(wanted: TargetSessionAttrs): Promise<void> {
    if (wanted === 'any' || wanted === 'prefer-standby') return;
    const isStandby = await this.#isTrue('in_hot_standby', 'SELECT pg_is_in_recovery()');
    const isReadOnly =
      isStandby ||
      (await this.#isTrue('default_transaction_read_only', 'SHOW transaction_read_only'));
    const fits = {
      'read-write': !isReadOnly,
      'read-only': isReadOnly,
      primary: !isStandby,
      standby: isStandby,
    }[wanted];
    if (fits) return;
    throw new SluiceError('POOL_SERVER_KIND', { place: describePlace(this.#place), wanted });
  }

  /** Servers before 14 do not report these. */
  async #isTrue(reported: string, query: string): Promise<boolean> {
    const value = this.#reported.get(reported);
    if (value !== undefined) return value === 'on';
    const [row = ''] = await this.#query(query);
    return row.endsWith('on') || row.endsWith('t');
  }

  #unreachable(reason: string): SluiceError {
    return new SluiceError('POOL_SERVER_UNREACHABLE', {
      place: describePlace(this.#place),
      reason,
    });
  }

  #lost(reason: string): SluiceError {
    return new SluiceError('POOL_SERVER_LOST', { place: describePlace(this.#place), reason });
  }
}
