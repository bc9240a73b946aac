import type { ServerMessageFields } from '../errors/index.ts';
import {
  BackendWriter,
  describeTag,
  FrontendTag,
  int32At,
  type MessageBuffer,
} from '../wire/index.ts';
import { ClientChannels, mostUntoldBytes, type ChannelListener } from './client-channels.ts';
import { ClientStatements, notEnough } from './client-statements.ts';
import type { PooledClient, PooledServer, PoolOfServers } from './contracts.ts';
import { appended, endOfRequest, isRequest, isTooLong, requestKinds } from './client-messages.ts';
import { ClientTexts, longestReadText } from './client-texts.ts';
import { Kind } from './expectations.ts';
import type { Leg, LegOwner } from './leg.ts';
import { clientWords, messageOf } from './login-failure.ts';
import type { ParameterSet } from './parameters.ts';
import { PendingRequests } from './pending-requests.ts';
import { Refusal } from './refusal.ts';
import { writeFlush } from './requests.ts';
import { setParametersSql } from './set-parameters.ts';
import type { Statement } from './statements.ts';
import type { PackedClient, TellStatement } from './takeover/packed.ts';
import { ageOf, momentOf, nowUs } from './traffic.ts';

/** What the handshake has found out. */
export interface ClientIdentity {
  readonly id: number;
  readonly leg: Leg;
  readonly pool: PoolOfServers;
  readonly user: string;
  readonly parameters: ParameterSet;
  /** What the client cancels with. */
  readonly cancelPid: number;
  readonly cancelKey: Buffer;
}

/** What a client sends while it waits for a server is kept up to this size; then it is no longer read. */
const mostPendingBytes = 64 * 1024;

const idleStatus = 'I';
const nothing = Buffer.alloc(0);

/**
 * One logged-in client: its requests, forwarded to the server it has just now.
 *
 *     idle --request--> waiting --server free--> linked --transaction over--> idle
 *       \------------- a server is idle ----------^
 *
 * Of most messages only the header is looked at. Messages that name a prepared statement are rewritten to
 * the name that every server of the pool knows it by.
 */
export class ClientConnection implements LegOwner, ChannelListener, PooledClient {
  readonly id: number;
  readonly leg: Leg;
  readonly pool: PoolOfServers;
  readonly user: string;
  readonly cancelPid: number;
  readonly cancelKey: Buffer;
  connectedAtMs = Date.now();
  server: PooledServer | null = null;
  parameters: ParameterSet;
  requestedAtMs = Date.now();
  /** Since when it waits for a server, in microseconds; 0: it does not. */
  waitingSinceUs = 0;
  /** It was told that it waits. */
  isWaitNotified = false;
  /** Why it keeps its server between transactions; null: it does not. */
  pinReason: string | null = null;

  readonly #statements: ClientStatements;
  readonly #channels: ClientChannels;
  readonly #texts: ClientTexts;
  readonly #toServer: MessageBuffer;
  readonly #toClient: MessageBuffer;
  /** Whose server it has or waits for: its own pool's, unless it was routed elsewhere. */
  #asked: PoolOfServers;
  /** Requests that wait for a server. */
  #pending: PendingRequests | null = null;
  /** The start of a message whose rest has not come: so much of this memory, and how much is worth a look. */
  #cut: Buffer | null = null;
  #cutLength = 0;
  #cutNeeds = 0;
  #passLeft = 0;
  #isPassForwarded = false;
  /** A request of it was answered with an error before a server had it: the rest up to its Sync is left out. */
  #isSkipping = false;
  /** Its settings were not accepted by any server yet: what it asks waits for that. */
  #isTryingSettings = false;
  /** So much is due to it that it is not read. */
  #isAhead = false;
  /** It does not read what we answer, so that it is not read either. */
  #isChoked = false;
  #isOver = false;

  constructor(identity: ClientIdentity) {
    this.id = identity.id;
    this.leg = identity.leg;
    this.pool = identity.pool;
    this.#asked = identity.pool;
    this.user = identity.user;
    this.parameters = identity.parameters;
    this.cancelPid = identity.cancelPid;
    this.cancelKey = identity.cancelKey;
    this.#statements = new ClientStatements(this.pool, identity.user, this);
    this.#channels = new ClientChannels(this.pool.hub, this);
    this.#texts = new ClientTexts(this.pool, this.#statements, this.#channels, () => {
      // Behind what its server is just reading.
      queueMicrotask(() => this.release());
    });
    this.#toServer = this.pool.pooler.outputs.toServer;
    this.#toClient = this.pool.pooler.outputs.toClient;
    this.leg.handTo(this);
  }

  get statementCount(): number {
    return this.#statements.count;
  }

  /** Its server has only part of what it sends: nobody else may have the server now. */
  get isMidMessage(): boolean {
    return this.#passLeft > 0 && this.#isPassForwarded;
  }

  /** What it sent has gone on whole, and nothing of it waits. */
  get isBetweenMessages(): boolean {
    return this.#passLeft === 0 && this.#cut === null && this.#pending === null;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** It hears channels of its pool, which another process could not take over without a gap. */
  get isListening(): boolean {
    return this.#channels.isInUse;
  }

  /** Whether another process could go on with it: what it has sent is answered, or nobody has looked at it. */
  get isMovable(): boolean {
    const isHeld = this.#pending !== null && this.waitingSinceUs === 0;
    const isBusy = isHeld || this.#isSkipping || this.#passLeft > 0 || this.#texts.isHalfDone;
    return !this.#isOver && !isBusy && !this.isListening && this.leg.isMovable;
  }

  /** For another process, which has it from now on. */
  pack(tell: TellStatement): Omit<PackedClient, 'from'> {
    const unsent = this.#pending?.bytes ?? this.#cut?.subarray(0, this.#cutLength) ?? nothing;
    this.#isOver = true;
    return {
      id: this.id,
      user: this.user,
      parameters: this.parameters.pack(),
      cancelPid: this.cancelPid,
      cancelKey: this.cancelKey,
      connectedAtMs: this.connectedAtMs,
      requestedAtMs: this.requestedAtMs,
      pinReason: this.pinReason,
      ...this.#statements.pack(tell),
      unsent,
      waitedUs: ageOf(this.waitingSinceUs),
      isWaitNotified: this.isWaitNotified,
    };
  }

  /**
   * Goes on from where another process has left it.
   *
   * @param server  that it kept; null: none
   * @param find  statements by the names that servers know
   */
  unpack(
    packed: PackedClient,
    server: PooledServer | null,
    find: (serverName: string) => Statement,
  ): void {
    this.connectedAtMs = packed.connectedAtMs;
    this.requestedAtMs = packed.requestedAtMs;
    this.pinReason = packed.pinReason;
    this.#statements.unpack(packed, find);
    if (server !== null) {
      this.server = server;
      server.client = this;
      server.enter('active');
    }
    if (packed.unsent.length > 0) this.#take(packed.unsent, packed.unsent.length);
    if (this.waitingSinceUs === 0 || packed.waitedUs === 0) return;
    this.waitingSinceUs = momentOf(packed.waitedUs);
    this.isWaitNotified = packed.isWaitNotified;
  }

  onBytes(chunk: Buffer, length: number): void {
    // It was told that it is over, and has not heard it yet: nothing of this is done.
    if (this.#isOver) return;
    this.pool.traffic.received += length;
    if (this.#pending !== null) {
      this.#keepPending(chunk, 0, length);
      return;
    }
    this.requestedAtMs = Date.now();
    this.#take(chunk, length);
    if (!this.leg.isFull) return;
    this.#isChoked = true;
    this.leg.pause();
  }

  /** A mistake of ours costs this client its connection and its server, and nobody else anything. */
  #breakOff(error: unknown): void {
    this.pool.pooler.log.error('a client connection is broken off', { error, client: this.id });
    this.#dropUnsent();
    this.server?.close('a request could not be forwarded');
    this.fail('XX000', 'internal error of the pooler');
  }

  /** What was composed for a server that it does not get. */
  #dropUnsent(): void {
    if (this.#toServer.byteLength === 0) return;
    this.#toServer.take();
    this.#toServer.reuse();
  }

  onDrain(): void {
    this.server?.leg.resume();
    if (!this.#isChoked) return;
    this.#isChoked = false;
    this.leg.resume();
  }

  onClosed(error: Error | null): void {
    this.#leave(error?.message ?? 'client unexpected eof');
  }

  /** The pool has a server for what is pending. */
  resumeWith(server: PooledServer): void {
    const pending = this.#pending;
    this.#pending = null;
    this.leg.resume();
    this.link(server);
    if (this.#isTryingSettings) {
      this.#pending = pending ?? new PendingRequests();
      server.send();
      return;
    }
    // Also with nothing to ask: what restores the client's settings must not wait in shared memory.
    this.#take(pending?.memory ?? nothing, pending?.length ?? 0);
    pending?.free();
  }

  link(server: PooledServer): void {
    const { traffic } = this.pool;
    traffic.serverAssignments++;
    if (this.waitingSinceUs > 0) {
      const waitedUs = nowUs() - this.waitingSinceUs;
      traffic.waitUs += waitedUs;
      traffic.waits.add(waitedUs);
      this.waitingSinceUs = 0;
      this.isWaitNotified = false;
    }
    this.server = server;
    server.client = this;
    this.#texts.isAfterAnother = server.lastClientId !== this.id;
    server.lastClientId = this.id;
    server.enter('active');
    server.isDirty = true;
    server.requestedAtMs = this.requestedAtMs;
    this.#applyParameters(server);
  }

  /** The server is another's from now on. */
  unlink(): void {
    // Neither holds the other back any more.
    this.server?.leg.resume();
    this.server = null;
    this.#isAhead = false;
    this.leg.resume();
    this.tellNotifications();
  }

  onNotification(): void {
    if (this.server === null || this.server.isFree) this.tellNotifications();
  }

  onTooSlow(): void {
    this.fail('57P01', 'too many notifications that the client has not read');
  }

  onHubLost(): void {
    this.fail('57P01', 'the connection that listens for this client was lost');
  }

  /** Between transactions, as a server does. */
  tellNotifications(): void {
    if (this.leg.unwrittenBytes > mostUntoldBytes) return this.onTooSlow();
    if (this.#channels.writeTo(this.#toClient)) this.leg.write(this.#toClient);
  }

  hold(): void {
    this.#pending ??= new PendingRequests();
  }

  release(): void {
    const pending = this.#pending;
    this.#pending = null;
    this.leg.resume();
    if (pending === null) return;
    if (pending.length > 0) this.#take(pending.memory, pending.length);
    pending.free();
  }

  /** A parameter that is tracked has changed by what the client did. */
  onParameter(current: ParameterSet): void {
    if (current === this.parameters) return;
    this.parameters = current;
    this.#statements.onParametersChanged();
  }

  /** While its parameters are set on a server: whether it believes another value than the server now has. */
  wantsOtherwise(name: string, value: string): boolean {
    const told = this.parameters.get(name);
    return told !== null && told !== value;
  }

  /** DISCARD ALL takes everything, DEALLOCATE ALL only the statements. */
  forgetState(isAll: boolean): void {
    this.#statements.forgetAll();
    if (!isAll) return;
    this.#channels.leaveAll();
    this.pinReason = null;
  }

  keepServer(reason: string): void {
    this.pinReason ??= reason;
  }

  /** @param reason  null: the server has told the client itself */
  onServerLost(reason: string | null): void {
    const isMidReply = this.server?.isMidReply === true;
    this.server = null;
    if (reason === null || isMidReply) {
      this.#leave('server closed the connection');
      this.leg.end();
    } else {
      this.fail('08P01', reason, 'server conn crashed?');
    }
  }

  /** Puts an error of ours where the server's would be. Sent with what is written next. */
  tellError(fields: ServerMessageFields): void {
    new BackendWriter(this.#toClient).error(fields);
  }

  tellNotice(message: string): void {
    new BackendWriter(this.#toClient).notice({ severity: 'NOTICE', sqlstate: '00000', message });
    this.leg.write(this.#toClient);
  }

  /**
   * Ends the connection with a FATAL error.
   *
   * @param message  what the client is told, and, unless `reason` says more, the log
   */
  fail(sqlstate: string, reason: string, message: string = reason): void {
    if (this.#isOver) return;
    // In the middle of a row an error would be read as part of it.
    if (this.server?.isMidReply !== true) {
      this.tellError({ severity: 'FATAL', sqlstate, message });
      this.leg.write(this.#toClient);
    }
    this.#leave(reason);
    this.leg.end();
  }

  /** A cancel request for a client that waits: its first request is answered, the others wait on. */
  cancelWaiting(): void {
    const pending = this.#pending;
    if (pending === null || this.waitingSinceUs === 0) return;
    const end = endOfRequest(pending.bytes);
    // The request is still on its way: as to PostgreSQL, there is nothing to cancel yet.
    if (end === 'cut') return;
    this.tellError({
      severity: 'ERROR',
      sqlstate: '57014',
      message: 'canceling statement due to user request',
    });
    if (end === null) this.#isSkipping = true;
    else new BackendWriter(this.#toClient).readyForQuery(idleStatus);
    this.leg.write(this.#toClient);
    this.#asked.stopWaiting(this);
    this.waitingSinceUs = 0;
    this.#pending = null;
    this.leg.resume();
    const rest = pending.bytes.subarray(end ?? pending.length);
    if (rest.length > 0) this.#take(rest, rest.length);
    pending.free();
  }

  #take(chunk: Buffer, length: number): void {
    try {
      this.#forward(chunk, length);
    } catch (error) {
      this.#breakOff(error);
    }
  }

  /** Forwards what is whole, keeps what is not. */
  #forward(chunk: Buffer, chunkLength: number): void {
    let bytes = chunk;
    let length = chunkLength;
    if (this.#cut !== null) {
      this.#cut = appended(this.#cut, this.#cutLength, chunk, 0, chunkLength);
      this.#cutLength += chunkLength;
      if (this.#cutLength < this.#cutNeeds) return;
      bytes = this.#cut;
      length = this.#cutLength;
      this.#cut = null;
    }
    this.#scan(bytes, length);
    const { server } = this;
    if (server === null) {
      // Requests of a client that left in the middle.
      this.#dropUnsent();
      return;
    }
    if (server.expected.size > mostDue) this.#waitForAnswers(server);
    server.send();
    if (server.leg.isFull) this.leg.pause();
    // What was late and is answered by nothing does not keep it.
    if (server.isFree && this.isBetweenMessages) server.pool.onTransactionEnd(server, this);
  }

  /** It asks faster than it is answered, and much of what it asks never goes to the server, which would hold it back. */
  #waitForAnswers(server: PooledServer): void {
    this.#emitFakes(server);
    if (server.expected.size <= mostDue) return;
    // The server may keep its answers until there are more.
    writeFlush(this.#toServer);
    this.#isAhead = true;
    this.leg.pause();
  }

  /** Replies of ours whose turn has come. */
  #emitFakes(server: PooledServer): void {
    if (server.isMidReply) return;
    server.emitFakes();
    this.leg.write(this.#toClient);
  }

  /** Its server has answered something. */
  onAnswered(server: PooledServer): void {
    // A COPY waits for the client: what it sends instead is to be seen.
    const isEnough = server.expected.size <= mostDue / 2 || server.isCopyIn;
    if (!this.#isAhead || !isEnough) return;
    this.#isAhead = false;
    this.leg.resume();
  }

  #scan(bytes: Buffer, length: number): void {
    const out = this.#toServer;
    const most = this.pool.pooler.settings.max_packet_size;
    let at = 0;
    let from = 0;
    if (this.#passLeft > 0) {
      at = Math.min(this.#passLeft, length);
      this.#passLeft -= at;
      if (!this.#isPassForwarded) from = at;
    }
    let needed = 5;
    while (length - at >= 5) {
      const tag = bytes[at]!;
      const size = int32At(bytes, at + 1);
      if (size < 4 || size > most || isTooLong(tag, size))
        return this.#refuseMessage(tag, `a length of ${size}`);
      const next = at + 1 + size;
      if (tag === FrontendTag.terminate) return this.#terminate();
      this.#isSkipping &&= tag !== FrontendTag.sync;
      if (this.#isSkipping) {
        from = Math.min(next, length);
        if (next > length) return this.#pass(bytes, from, length, next - length, false);
        at = next;
        continue;
      }
      if (!isRequest(tag)) {
        const isForwarded = this.#acceptMinor(tag);
        if (isForwarded === null) return this.#refuseMessage(tag, 'an unknown type');
        if (!isForwarded) {
          if (at > from) out.slice(bytes, from, at);
          from = Math.min(next, length);
        }
        if (next > length) return this.#pass(bytes, from, length, next - length, isForwarded);
        at = next;
        continue;
      }
      if (tag === FrontendTag.query && this.pool.pooler.settings.disable_pqexec) {
        return this.fail('08P01', 'PQexec disallowed');
      }
      needed = this.#mustSeeWhole(tag)
        ? size + 1
        : this.#neededBytes(tag, this.server, bytes, at, length, size);
      if (needed > mostKeptBytes) return this.#refuseMessage(tag, `${size} bytes to be looked at`);
      if (this.server?.isCopyIn === true) return this.#refuseInCopy(tag);
      // Nobody gets a server for half a request.
      if (at + needed > length) break;
      const server = this.server ?? this.#acquire(tag, bytes, at, next);
      if (server === null || this.#isTryingSettings) {
        if (!this.#isOver) this.#keepPending(bytes, at, length);
        return;
      }
      if (this.#needsRewriting(tag, server)) {
        if (at > from) out.slice(bytes, from, at);
        from = this.#rewrite(tag, bytes, at, next, length, server);
        if (from === notEnough) {
          from = at;
          // A long name is looked for again when twice as much is there.
          needed = Math.min(size + 1, 2 * (length - at));
          break;
        }
        if (this.#pending !== null) return;
      } else {
        this.#expect(tag, server);
      }
      if (next > length) return this.#pass(bytes, from, length, next - length, true);
      at = next;
      needed = 5;
    }
    if (at > from) out.slice(bytes, from, at);
    if (at < length) this.#keepCut(bytes, at, length, needed);
  }

  #keepCut(bytes: Buffer, start: number, end: number, needed: number): void {
    this.#cut = Buffer.from(bytes.subarray(start, end));
    this.#cutLength = end - start;
    this.#cutNeeds = needed;
  }

  #pass(bytes: Buffer, from: number, to: number, left: number, isForwarded: boolean): void {
    if (to > from) this.#toServer.slice(bytes, from, to);
    this.#passLeft = left;
    this.#isPassForwarded = isForwarded;
  }

  /**
   * Messages that ask for nothing by themselves.
   *
   * @returns whether it goes to the server; null: not a message of this protocol
   */
  #acceptMinor(tag: number): boolean | null {
    const { server } = this;
    switch (tag) {
      case FrontendTag.copyData:
        return server !== null;
      case FrontendTag.copyDone:
      case FrontendTag.copyFail:
        // Without a server: late, the COPY has failed and its answer is complete.
        if (server === null) return false;
        if (server.isCopyIn) server.isCopyIn = false;
        else if (!server.hasFailed && server.expected.size > 0) server.expected.push(Kind.copyEnd);
        return true;
      case FrontendTag.flush:
        if (server === null) return false;
        this.#emitFakes(server);
        return true;
      case FrontendTag.sync:
        if (server === null) {
          new BackendWriter(this.#toClient).readyForQuery(idleStatus);
          this.leg.write(this.#toClient);
          return false;
        }
        // During COPY the server ignores it; should the COPY have failed already, it would answer.
        if (server.isCopyIn) return false;
        server.becomeSynced();
        server.expect(Kind.sync);
        return true;
      default:
        return null;
    }
  }

  /** How much of a message must be there before anything of it is sent. */
  #neededBytes(
    tag: number,
    server: PooledServer | null,
    bytes: Buffer,
    at: number,
    length: number,
    size: number,
  ): number {
    if (!this.#needsRewriting(tag, server) || tag === FrontendTag.bind) return 5;
    if (tag !== FrontendTag.query) return size + 1;
    // A text is read whole where its first word may matter; a very large one is data.
    if (size > longestReadText) return 5;
    if (this.pool.mode === 'auto') return size + 1;
    const seen = Math.min(size + 1, firstWordBytes);
    if (at + seen > length) return seen;
    return this.pool.rewriter.mayMatter(bytes, at + 5, at + seen) ? size + 1 : 5;
  }

  /**
   * Whether a message is to be looked at. A server that waits for a Sync, or for data, ignores requests or
   * answers with an error that has no request of its own.
   */
  #needsRewriting(tag: number, server: PooledServer | null): boolean {
    if (server !== null && (server.hasFailed || server.isCopyIn)) return false;
    switch (tag) {
      case FrontendTag.query:
        return this.pool.looksAtTexts;
      case FrontendTag.parse:
        return this.pool.looksAtTexts || this.pool.sharesStatements;
      case FrontendTag.execute:
      case FrontendTag.functionCall:
        return false;
      default:
        return this.pool.sharesStatements;
    }
  }

  #expect(tag: number, server: PooledServer): void {
    if (server.hasFailed || server.isCopyIn) return;
    const kind = requestKinds[tag]!;
    if (kind === Kind.execute) {
      server.expect(kind, this.#texts.takeExecuteMark());
      return;
    }
    if (kind === Kind.query) {
      this.#statements.forgetUnnamed();
      server.prepared.forgetUnnamed();
    }
    server.expect(kind);
  }

  #rewrite(
    tag: number,
    bytes: Buffer,
    at: number,
    next: number,
    length: number,
    server: PooledServer,
  ): number {
    const hasText = tag === FrontendTag.query || tag === FrontendTag.parse;
    if (hasText && next <= length) {
      const rewritten = this.#texts.rewrite(tag, bytes, at, next, server, this.parameters);
      if (typeof rewritten === 'object') {
        this.#hold(rewritten.until, bytes, at, length);
        return length;
      }
      this.pinReason ??= this.#texts.takePinReason();
      if (this.#texts.takeForgets()) {
        // What comes behind it is written when it is known what there is no more.
        this.#keepPending(bytes, next, length);
        return next;
      }
      if (rewritten === next) return next;
    }
    if (tag === FrontendTag.query && next > length) this.pinReason ??= this.#texts.reasonUnread;
    if (tag === FrontendTag.query || !this.pool.sharesStatements) {
      this.#expect(tag, server);
      return at;
    }
    return this.#statements.rewrite(tag, bytes, at, next, length, server, this.parameters);
  }

  /** What came from `at` on waits until `work` is done. */
  #hold(work: Promise<unknown>, bytes: Buffer, at: number, length: number): void {
    this.#keepPending(bytes, at, length);
    work.then(
      () => {
        if (!this.#isOver) this.release();
      },
      (error: unknown) => {
        this.fail('08006', messageOf(error), `cannot listen: ${clientWords(error)}`);
      },
    );
  }

  /** A route decides by the text, so that all of it must be there. */
  #mustSeeWhole(tag: number): boolean {
    if (this.server !== null || this.pool.pooler.route === null) return false;
    return tag === FrontendTag.query || tag === FrontendTag.parse || tag === FrontendTag.bind;
  }

  #acquire(tag: number, bytes: Buffer, at: number, next: number): PooledServer | null {
    this.#asked = this.pool;
    if (this.pool.pooler.route !== null) {
      try {
        this.#asked = this.#texts.routed({ tag, bytes, at, next }, this.user);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.fail(error.sqlstate, error.reason, error.message);
        return null;
      }
    }
    const server = this.#asked.acquire(this);
    if (server !== null) this.link(server);
    return server;
  }

  #keepPending(bytes: Buffer, start: number, end: number): void {
    this.#pending ??= new PendingRequests();
    this.#pending.append(bytes, start, end);
    if (this.#pending.length > mostPendingBytes) this.leg.pause();
  }

  #applyParameters(server: PooledServer): void {
    if (server.parameters === this.parameters) return;
    const differences = this.parameters.differencesFrom(server.parameters);
    if (differences.length === 0) {
      this.onParameter(server.parameters);
      return;
    }
    // Servers take any name of an application.
    const refusable = setParametersSql(differences.filter(([name]) => name !== 'application_name'));
    const { knownSettings } = server.pool;
    this.#isTryingSettings = refusable !== '' && knownSettings.get(refusable) !== true;
    server.queueOwn(setParametersSql(differences), (error) => {
      knownSettings.set(refusable, error === null);
      if (error !== null) {
        this.fail(error.sqlstate, `cannot restore the client's settings: ${error.message}`);
        return;
      }
      // As the server spells them: the next server that has the same needs no SET.
      this.onParameter(server.parameters);
      if (!this.#isTryingSettings) return;
      this.#isTryingSettings = false;
      this.release();
    });
  }

  #terminate(): void {
    this.#leave('client close request');
    this.leg.end();
  }

  /**
   * As PostgreSQL, and at once: should the COPY have failed without our having heard of it, the request would be
   * answered behind the end of the transaction, when the server is another client's.
   */
  #refuseInCopy(tag: number): void {
    const type = `0x${tag.toString(16).toUpperCase()}`;
    const message = `unexpected message type ${type} during COPY from stdin`;
    this.tellError({ severity: 'ERROR', sqlstate: '08P01', message });
    this.fail('08P01', 'terminating connection because protocol synchronization was lost');
  }

  #refuseMessage(tag: number, problem: string): void {
    this.fail('08P01', `bad message from client: ${problem} (${describeTag(tag)})`);
  }

  #leave(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { server, isMidMessage } = this;
    if (server !== null && this.pinReason !== null) server.wasPinned = true;
    this.server = null;
    this.#pending?.free();
    this.#pending = null;
    this.#cut = null;
    this.#passLeft = 0;
    this.#channels.leaveAll();
    this.#asked.stopWaiting(this);
    this.pool.onClientLeft(this, reason);
    server?.abandon(isMidMessage);
  }
}

/** Answers that are due to one client; a pipeline has some hundred. */
const mostDue = 64 * 1024;
/** Where a text's first word ends at the latest, behind a comment or two. */
const firstWordBytes = 128;
/** What is kept of one message of a client until it is whole. PostgreSQL's own limit for it is 1 GB. */
const mostKeptBytes = 256 * 1024 * 1024;
