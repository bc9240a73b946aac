import { TLSSocket } from 'node:tls';
import { isSluiceError } from '../errors/index.ts';
import type { Log } from '../service/index.ts';
import {
  BackendWriter,
  checkStartupLength,
  FrontendTag,
  int32At,
  readStartupPacket,
  type StartupPacket,
} from '../wire/index.ts';
import {
  ClientLogin,
  type AuthRules,
  type LoginFacts,
  type LoginStep,
  type UserLookup,
} from './auth/index.ts';
import type { PoolSettings } from './config/index.ts';
import type { Leg, LegOwner } from './leg.ts';
import { messageOf } from './login-failure.ts';
import type { TrackedNames } from './parameters.ts';
import { Refusal } from './refusal.ts';
import { readStartup, type ClientStartup } from './client-startup.ts';
import { verifiedCertificate, type ClientTls } from './tls-settings.ts';

/** What a pooler does for those who come in. */
export interface Reception {
  readonly log: Log;
  readonly settings: PoolSettings;
  readonly tracked: TrackedNames;
  readonly users: UserLookup & { readonly rules: AuthRules };
  readonly clientTls: ClientTls;
  readonly cancels: { request(leg: Leg, pid: number, key: Buffer): void };
  isLocal(leg: Leg): boolean;
  peerUidOf(leg: Leg): Promise<number | null>;
  /** @throws Refusal */
  checkAdmission(startup: ClientStartup, leg: Leg): void;
  /**
   * Finds whose the connection is from now on. AuthenticationOk has been sent; everything after it is the
   * owner's to say.
   *
   * @throws Refusal
   */
  admit(leg: Leg, startup: ClientStartup, login: LoginDone): Promise<Admitted>;
  /** @param reason  null: it went on to something else */
  onHandshakeOver(handshake: ClientHandshake, reason: string | null): void;
}

export type LoginDone = Extract<LoginStep, { kind: 'done' }>;

/** Somebody who is let in. */
export interface Admitted {
  begin(): LegOwner;
  /** The connection has gone meanwhile. */
  drop(): void;
}

/** Longer than any password: PostgreSQL itself takes 64 kB. */
const mostLoginBytes = 128 * 1024;

const tlsHandshakeByte = 0x16;

type Stage =
  /** Packets without a tag: requests for encryption, a cancel request, the startup message. */
  | { readonly at: 'startup' }
  /** A password or SASL message is due. */
  | { readonly at: 'login'; readonly login: ClientLogin; readonly startup: ClientStartup }
  /** We are at something that takes a while; what comes meanwhile is kept. */
  | { readonly at: 'busy' }
  | { readonly at: 'over' };

/**
 * A connection until it is a client: encryption, startup message, authentication.
 *
 *     startup --ssl, gss--> startup --startup--> login (as often as the method asks) --> ClientConnection
 *        \---cancel--> over                                                         \--> console
 *
 * Nothing before the login makes us keep more than a few kB, for longer than client_login_timeout.
 */
export class ClientHandshake implements LegOwner {
  readonly startedAtMs = Date.now();
  readonly leg: Leg;
  readonly #reception: Reception;
  #hasSaid = false;
  #buffer: Buffer = Buffer.alloc(0);
  #stage: Stage = { at: 'startup' };

  constructor(reception: Reception, leg: Leg) {
    this.#reception = reception;
    this.leg = leg;
    leg.handTo(this);
  }

  get user(): string | null {
    return this.#startup?.user ?? null;
  }

  get database(): string | null {
    return this.#startup?.database ?? null;
  }

  #startup: ClientStartup | null = null;
  /** The client's, which TLS has verified. */
  #certificate: Buffer | null = null;

  onBytes(bytes: Buffer, length: number): void {
    if (this.#stage.at === 'over') return;
    this.#hasSaid = true;
    this.#buffer = Buffer.concat([this.#buffer, bytes.subarray(0, length)]);
    if (this.#buffer.length > mostLoginBytes) {
      this.refuse(new Refusal('08P01', 'login message too long'));
      return;
    }
    this.#goOn();
  }

  onDrain(): void {
    // Logins write little.
  }

  onClosed(error: Error | null): void {
    if (this.#stage.at === 'over') return;
    this.#stage = { at: 'over' };
    // Nothing but a look whether the port is open, as load balancers do.
    const isProbe = error === null && !this.#hasSaid;
    this.#reception.onHandshakeOver(
      this,
      isProbe ? null : (error?.message ?? 'client unexpected eof'),
    );
  }

  /** Ends the connection with a FATAL error. */
  refuse(refusal: Refusal): void {
    if (this.#stage.at === 'over') return;
    this.#stage = { at: 'over' };
    const { sqlstate, message } = refusal;
    this.leg.writeOwn(new BackendWriter().error({ severity: 'FATAL', sqlstate, message }).take());
    this.leg.end();
    this.#reception.onHandshakeOver(this, refusal.reason);
  }

  /** Takes what is there, one packet after the other. */
  #goOn(): void {
    try {
      for (let took = true; took;) {
        if (this.#stage.at === 'startup') took = this.#takeStartupPacket();
        else if (this.#stage.at === 'login') took = this.#takeLoginMessage(this.#stage);
        else took = false;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #takeStartupPacket(): boolean {
    const buffer = this.#buffer;
    if (buffer.length === 0) return false;
    if (buffer[0] === tlsHandshakeByte && this.leg.tlsSocket === null)
      return this.#startDirectTls();
    if (buffer.length < 4) return false;
    const length = int32At(buffer, 0);
    checkStartupLength(length);
    if (buffer.length < length) return false;
    const packet = readStartupPacket(buffer, 4, length);
    this.#buffer = buffer.subarray(length);
    this.#receive(packet);
    return true;
  }

  #receive(packet: StartupPacket): void {
    switch (packet.kind) {
      case 'ssl':
        this.#answerSslRequest();
        return;
      case 'gss':
        this.#checkNothingBehind();
        this.leg.writeOwn(Buffer.from('N'));
        return;
      case 'cancel':
        this.#stage = { at: 'over' };
        this.#reception.onHandshakeOver(this, null);
        this.#reception.cancels.request(this.leg, packet.pid, packet.key);
        return;
      case 'startup':
        this.#start(packet);
    }
  }

  #answerSslRequest(): void {
    this.#checkNothingBehind();
    const { context } = this.#reception.clientTls;
    if (context === null || this.leg.tlsSocket !== null || this.#reception.isLocal(this.leg)) {
      this.leg.writeOwn(Buffer.from('N'));
      return;
    }
    this.leg.writeOwn(Buffer.from('S'));
    this.#startTls();
  }

  /** What came in clear behind the request would be read as if it had come encrypted. */
  #checkNothingBehind(): void {
    if (this.#buffer.length === 0) return;
    throw new Refusal('08P01', 'received unencrypted data after SSL request');
  }

  #startDirectTls(): boolean {
    if (this.#reception.clientTls.context === null)
      throw new Refusal('08P01', 'SSL is not enabled');
    const bytes = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    this.leg.unread(bytes);
    this.#startTls((socket) => {
      if (socket.alpnProtocol === 'postgresql') return;
      // Without it, what talks to us may be a browser that somebody leads by the nose.
      this.leg.destroy();
    });
    return false;
  }

  #startTls(check?: (socket: TLSSocket) => void): void {
    const { context, asksForCertificate, needsCertificate } = this.#reception.clientTls;
    const socket = new TLSSocket(this.leg.socket, {
      isServer: true,
      ...(context === null ? {} : { secureContext: context }),
      requestCert: asksForCertificate,
      rejectUnauthorized: needsCertificate,
      ALPNProtocols: ['postgresql'],
    });
    socket.once('secure', () => {
      this.#certificate = verifiedCertificate(socket);
      if (needsCertificate && this.#certificate === null) this.leg.destroy();
      check?.(socket);
    });
    this.leg.replaceSocket(socket);
  }

  #start(packet: Extract<StartupPacket, { kind: 'startup' }>): void {
    const startup = readStartup(packet, this.#reception);
    this.#startup = startup;
    if (startup.negotiation !== null) {
      const { version, unknownOptions } = startup.negotiation;
      const writer = new BackendWriter().negotiateProtocolVersion(version, unknownOptions);
      this.leg.writeOwn(writer.take());
    }
    this.#reception.checkAdmission(startup, this.leg);
    const login = new ClientLogin(
      this.#factsOf(startup),
      this.#reception.users.rules,
      this.#reception.users,
    );
    this.#step(login, startup, login.begin());
  }

  #takeLoginMessage({ login, startup }: Extract<Stage, { at: 'login' }>): boolean {
    const buffer = this.#buffer;
    if (buffer.length < 5) return false;
    const length = int32At(buffer, 1);
    if (buffer[0] !== FrontendTag.password || length < 4 || length > mostLoginBytes) {
      throw new Refusal('08P01', 'expected password response');
    }
    if (buffer.length < length + 1) return false;
    const body = Buffer.from(buffer.subarray(5, length + 1));
    this.#buffer = buffer.subarray(length + 1);
    this.#step(login, startup, login.answer(body));
    return false;
  }

  #step(login: ClientLogin, startup: ClientStartup, next: Promise<LoginStep>): void {
    this.#stage = { at: 'busy' };
    next.then(
      (step) => this.#onStep(login, startup, step),
      (error: unknown) => this.#fail(error),
    );
  }

  #onStep(login: ClientLogin, startup: ClientStartup, step: LoginStep): void {
    if (this.#stage.at === 'over') return;
    switch (step.kind) {
      case 'send':
        this.#stage = { at: 'login', login, startup };
        this.leg.writeOwn(step.bytes);
        this.#goOn();
        return;
      case 'refuse':
        this.refuse(new Refusal(step.sqlstate, step.message, step.reason));
        return;
      case 'done':
        this.leg.writeOwn(
          Buffer.concat([step.bytes, new BackendWriter().authentication(0).take()]),
        );
        this.#admit(startup, step).catch((error: unknown) => this.#fail(error));
    }
  }

  async #admit(startup: ClientStartup, login: LoginDone): Promise<void> {
    const admitted = await this.#reception.admit(this.leg, startup, login);
    if (this.#isGone) admitted.drop();
    else this.#leaveTo(() => admitted.begin());
  }

  get #isGone(): boolean {
    return this.#stage.at === 'over';
  }

  /** The connection is another owner's from now on; what it sent early is given to it. */
  #leaveTo(next: () => LegOwner): void {
    this.#stage = { at: 'over' };
    this.#reception.onHandshakeOver(this, null);
    const owner = next();
    if (this.#buffer.length > 0) owner.onBytes(this.#buffer, this.#buffer.length);
  }

  #factsOf(startup: ClientStartup): LoginFacts {
    const socket = this.leg.tlsSocket;
    const { from } = this.leg;
    if (from === null) throw new Refusal('08P01', 'where it comes from is not known');
    return {
      user: startup.user,
      database: startup.database,
      isAdmin: startup.isAdmin,
      isTls: socket !== null,
      isReplication: startup.replication !== null && startup.replication !== 'database',
      address: from,
      clientCertificate: this.#certificate,
      serverCertificate: socket === null ? null : this.#reception.clientTls.certificate,
      peerUid: () => this.#reception.peerUidOf(this.leg),
    };
  }

  #fail(error: unknown): void {
    if (error instanceof Refusal) return this.refuse(error);
    if (isSluiceError(error)) {
      this.refuse(new Refusal('08P01', 'bad packet header', error.message));
      return;
    }
    this.#reception.log.error('a login failed', { error });
    this.refuse(new Refusal('08P01', 'internal error of the pooler', messageOf(error)));
  }
}
