import type { ServerMessageFields } from '../errors/index.ts';
import {
  BackendWriter,
  describeTag,
  FrontendTag,
  int32At,
  type MessageBuffer,
  type Notification,
} from '../wire/index.ts';
import { ClientStatements, notEnough } from './client-statements.ts';
import type { Listening, PooledClient, PooledServer, PoolOfServers } from './contracts.ts';
import { Kind, type Mark } from './expectations.ts';
import type { Leg, LegOwner } from './leg.ts';
import type { ParameterSet } from './parameters.ts';
import { writeQuery } from './requests.ts';
import { Refusal } from './refusal.ts';
import { setParametersSql } from './set-parameters.ts';
import { nowUs } from './traffic.ts';

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

/**
 * One logged-in client: its requests, forwarded to the server it has just now.
 *
 *     idle --request--> waiting --server free--> linked --transaction over--> idle
 *       \------------- a server is idle ----------^
 *
 * Of most messages only the header is looked at. Messages that name a prepared statement are rewritten to
 * the name that every server of the pool knows it by.
 */
export class ClientConnection implements LegOwner, Listening, PooledClient {
  readonly id: number;
  readonly leg: Leg;
  readonly pool: PoolOfServers;
  readonly user: string;
  readonly cancelPid: number;
  readonly cancelKey: Buffer;
  readonly connectedAtMs = Date.now();
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
  readonly #toServer: MessageBuffer;
  readonly #toClient: MessageBuffer;
  /** Whose server it has or waits for: its own pool's, unless it was routed elsewhere. */
  #asked: PoolOfServers;
  /** Requests that wait for a server. */
  #pending: Buffer | null = null;
  /** The start of a message whose rest has not come: so much of this memory, and how much is worth a look. */
  #cut: Buffer | null = null;
  #cutLength = 0;
  #cutNeeds = 0;
  #passLeft = 0;
  #isPassForwarded = false;
  /** Of the text with names of statements that the next Execute is for. */
  #executeMark: Mark | null = null;
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
    this.#statements = new ClientStatements(this.pool, identity.user);
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
  }

  onDrain(): void {
    this.server?.leg.resume();
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
    if (pending !== null) this.#take(pending, pending.length);
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
    server.enter('active');
    server.isDirty = true;
    server.requestedAtMs = this.requestedAtMs;
    this.#applyParameters(server);
  }

  /** The server is another's from now on. */
  unlink(): void {
    this.server = null;
    // What a server does not get any more cannot hold it back.
    this.leg.resume();
    this.tellNotifications();
  }

  hold(): void {
    this.#pending ??= Buffer.alloc(0);
  }

  release(): void {
    const pending = this.#pending;
    this.#pending = null;
    this.leg.resume();
    if (pending !== null && pending.length > 0) this.#take(pending, pending.length);
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
    this.#stopListening();
    this.pinReason = null;
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
    const end = endOfRequest(pending);
    // The request is still on its way: as to PostgreSQL, there is nothing to cancel yet.
    if (end === 'cut') return;
    this.tellError({
      severity: 'ERROR',
      sqlstate: '57014',
      message: 'canceling statement due to user request',
    });
    if (end === null) return this.fail('57014', 'canceled while waiting for a server');
    new BackendWriter(this.#toClient).readyForQuery(idleStatus);
    this.leg.write(this.#toClient);
    this.#asked.stopWaiting(this);
    this.waitingSinceUs = 0;
    this.#pending = null;
    const rest = pending.subarray(end);
    if (rest.length > 0) this.#take(rest, rest.length);
  }

  /** Forwards what is whole, keeps what is not. */
  #take(chunk: Buffer, chunkLength: number): void {
    let bytes = chunk;
    let length = chunkLength;
    if (this.#cut !== null) {
      this.#cut = appended(this.#cut, this.#cutLength, chunk, chunkLength);
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
      if (this.#toServer.byteLength > 0) {
        this.#toServer.take();
        this.#toServer.reuse();
      }
      return;
    }
    server.send();
    if (server.leg.isFull) this.leg.pause();
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
      if (size < 4 || size > most || (size > mostSmallBytes && isSmall(tag)))
        return this.#refuseMessage(tag, `a length of ${size}`);
      const next = at + 1 + size;
      if (tag === FrontendTag.terminate) return this.#terminate();
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
      if (this.#mustSeeWhole(tag) && next > length) {
        needed = size + 1;
        break;
      }
      const server = this.server ?? this.#acquire(tag, bytes, at, next);
      if (server === null) {
        if (!this.#isOver) this.#keepPending(bytes, at, length);
        return;
      }
      needed = this.#neededBytes(tag, server, bytes, at, length, size);
      if (at + needed > length) break;
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
        else if (!server.hasFailed) server.expected.push(Kind.copyEnd);
        return true;
      case FrontendTag.flush:
        if (server === null) return false;
        if (server.expected.isOnlyFakes) {
          server.emitFakes();
          this.leg.write(this.#toClient);
        }
        return true;
      case FrontendTag.sync:
        if (server === null) {
          new BackendWriter(this.#toClient).readyForQuery(idleStatus);
          this.leg.write(this.#toClient);
          return false;
        }
        // During COPY the server ignores it.
        if (!server.isCopyIn) {
          server.becomeSynced();
          server.expect(Kind.sync);
        }
        return true;
      default:
        return null;
    }
  }

  /** How much of a message must be there before anything of it is sent. */
  #neededBytes(
    tag: number,
    server: PooledServer,
    bytes: Buffer,
    at: number,
    length: number,
    size: number,
  ): number {
    if (!this.#needsRewriting(tag, server) || tag === FrontendTag.bind) return 5;
    if (tag !== FrontendTag.query) return size + 1;
    // A text is read whole where its first word may matter; a very large one is data.
    if (size > longestReadQuery) return 5;
    if (this.pool.mode === 'auto') return size + 1;
    const seen = Math.min(size + 1, firstWordBytes);
    if (at + seen > length) return seen;
    return this.pool.rewriter.mayMatter(bytes, at + 5, at + seen) ? size + 1 : 5;
  }

  /**
   * Whether a message is to be looked at. A server that waits for a Sync, or for data, ignores requests or
   * answers with an error that has no request of its own.
   */
  #needsRewriting(tag: number, server: PooledServer): boolean {
    if (server.hasFailed || server.isCopyIn || !this.pool.sharesStatements) return false;
    return tag !== FrontendTag.execute && tag !== FrontendTag.functionCall;
  }

  #expect(tag: number, server: PooledServer): void {
    if (server.hasFailed || server.isCopyIn) return;
    const kind = kinds[tag]!;
    if (kind === Kind.execute && this.#executeMark !== null) {
      server.expect(kind, this.#executeMark);
      this.#executeMark = null;
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
    if (tag === FrontendTag.query) return this.#query(bytes, at, next, length, server);
    if (tag === FrontendTag.parse && this.pool.rewriter.mayMatterInParse(bytes, at, next)) {
      const rewritten = this.#parseWithState(bytes, at, next, length, server);
      if (rewritten !== null) return rewritten;
    }
    return this.#statements.rewrite(tag, bytes, at, next, length, server, this.parameters);
  }

  /** A simple query, whose text may name statements or channels or leave state behind. */
  #query(bytes: Buffer, at: number, next: number, length: number, server: PooledServer): number {
    if (next > length || !this.pool.rewriter.mayMatter(bytes, at + 5, next - 1)) {
      this.#expect(FrontendTag.query, server);
      return at;
    }
    const text = bytes.toString('latin1', at + 5, next - 1);
    const channel = this.#holdForChannel(text, bytes, at, length);
    if (channel === 'held') return length;
    if (channel !== null) {
      this.#expect(FrontendTag.query, server);
      writeQuery(this.#toServer, channel, 'latin1');
      return next;
    }
    this.pinReason ??= this.pool.rewriter.reasonToPin(text);
    const rewritten = this.pool.rewriter.rewritePrepared(
      text,
      server.prepared,
      this.#statements,
      this.pool.pooler.settings.max_prepared_statements,
    );
    if (rewritten === null) {
      this.#expect(FrontendTag.query, server);
      return at;
    }
    this.#statements.forgetUnnamed();
    server.prepared.forgetUnnamed();
    server.expect(Kind.query, rewritten.mark);
    writeQuery(this.#toServer, rewritten.text, 'latin1');
    return next;
  }

  /** LISTEN in a Parse, or a text that leaves state behind. @returns null: it goes on as any other */
  #parseWithState(
    bytes: Buffer,
    at: number,
    next: number,
    length: number,
    server: PooledServer,
  ): number | null {
    const nameEnd = bytes.indexOf(0, at + 5);
    const textEnd = nameEnd < 0 ? -1 : bytes.indexOf(0, nameEnd + 1);
    if (textEnd < 0 || textEnd >= next) return null;
    const text = bytes.toString('latin1', nameEnd + 1, textEnd);
    const channel = this.#holdForChannel(text, bytes, at, length);
    if (channel === 'held') return length;
    if (channel === null) {
      this.pinReason ??= this.pool.rewriter.reasonToPin(text);
      const rewritten = this.pool.rewriter.rewritePrepared(
        text,
        server.prepared,
        this.#statements,
        this.pool.pooler.settings.max_prepared_statements,
      );
      if (rewritten === null) return null;
      this.#executeMark = rewritten.mark;
      this.#parseInstead(bytes, at, next, rewritten.text, server);
    } else {
      this.#parseInstead(bytes, at, next, channel, server);
    }
    return next;
  }

  /** The Parse in `bytes[at, next)` with another text. */
  #parseInstead(bytes: Buffer, at: number, next: number, text: string, server: PooledServer): void {
    const nameEnd = bytes.indexOf(0, at + 5);
    const textEnd = bytes.indexOf(0, nameEnd + 1);
    const body = Buffer.concat([
      bytes.subarray(at, nameEnd + 1),
      Buffer.from(text, 'latin1'),
      bytes.subarray(textEnd, next),
    ]);
    body.writeInt32BE(body.length - 1, 1);
    const from = this.#statements.rewrite(
      FrontendTag.parse,
      body,
      0,
      body.length,
      body.length,
      server,
      this.parameters,
    );
    if (from === 0) this.#toServer.bytes(body);
  }

  /**
   * LISTEN and UNLISTEN go to the pool's listener; what is sent to the server only makes the answer.
   *
   * @returns what to send instead; `held`: the listener is asked first, what is here waits; null: something else
   */
  #holdForChannel(text: string, bytes: Buffer, at: number, length: number): string | null {
    const command = this.pool.rewriter.channelCommand(text);
    if (command === null) return null;
    const { channel, isListen } = command;
    if (!isListen) {
      if (channel === null) this.#stopListening();
      else if (this.#channels?.delete(channel) === true) this.pool.hub.unlisten(channel, this);
      return command.harmless;
    }
    if (channel === null || this.#channels?.has(channel) === true) return command.harmless;
    this.#hold(this.pool.hub.listen(channel, this), bytes, at, length, () => {
      this.#channels ??= new Set();
      this.#channels.add(channel);
    });
    return 'held';
  }

  #channels: Set<string> | null = null;
  #notifications: Notification[] = [];

  get channelCount(): number {
    return this.#channels?.size ?? 0;
  }

  onNotification(notification: Notification): void {
    this.#notifications.push(notification);
    if (this.server === null || this.server.isFree) this.tellNotifications();
  }

  onHubLost(): void {
    this.fail('57P01', 'the connection that listens for this client was lost');
  }

  /** Between transactions, as a server does. */
  tellNotifications(): void {
    if (this.#notifications.length === 0) return;
    const writer = new BackendWriter(this.#toClient);
    for (const { pid, channel, payload } of this.#notifications.splice(0)) {
      writer.notification(pid, channel, payload);
    }
    this.leg.write(this.#toClient);
  }

  #stopListening(): void {
    if (this.#channels === null) return;
    this.#channels = null;
    this.pool.hub.unlistenAll(this);
  }

  /** What came from `at` on waits until `work` is done. */
  #hold(work: Promise<void>, bytes: Buffer, at: number, length: number, after: () => void): void {
    this.#pending = Buffer.from(bytes.subarray(at, length));
    work.then(
      () => {
        if (this.#isOver) return;
        after();
        this.release();
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.fail('08006', `cannot listen: ${reason}`);
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
        this.#asked = this.#routed(this.#textOf(tag, bytes, at, next));
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

  #routed(text: string | null): PoolOfServers {
    const { pooler, database } = this.pool;
    if (text === null) return this.pool;
    const name = pooler.route?.({ user: this.user, database: database.name, text }) ?? null;
    return name === null ? this.pool : pooler.routedPool(name, this.pool);
  }

  /** Of the statement that a transaction begins with; null: it has none. */
  #textOf(tag: number, bytes: Buffer, at: number, next: number): string | null {
    if (tag === FrontendTag.query) return bytes.toString('utf8', at + 5, next - 1);
    const firstEnd = bytes.indexOf(0, at + 5);
    const secondEnd = firstEnd < 0 ? -1 : bytes.indexOf(0, firstEnd + 1);
    if (secondEnd < 0 || secondEnd >= next) return null;
    if (tag === FrontendTag.parse) return bytes.toString('utf8', firstEnd + 1, secondEnd);
    if (tag !== FrontendTag.bind) return null;
    return this.#statements.textOf(bytes.toString('latin1', firstEnd + 1, secondEnd));
  }

  #keepPending(bytes: Buffer, start: number, end: number): void {
    const more = bytes.subarray(start, end);
    this.#pending =
      this.#pending === null ? Buffer.from(more) : Buffer.concat([this.#pending, more]);
    if (this.#pending.length > mostPendingBytes) this.leg.pause();
  }

  #applyParameters(server: PooledServer): void {
    if (server.parameters === this.parameters) return;
    const differences = this.parameters.differencesFrom(server.parameters);
    if (differences.length === 0) {
      this.onParameter(server.parameters);
      return;
    }
    server.queueOwn(setParametersSql(differences), (error) => {
      if (error !== null) {
        this.fail(error.sqlstate, `cannot restore the client's settings: ${error.message}`);
        return;
      }
      // As the server spells them: the next server that has the same needs no SET.
      this.onParameter(server.parameters);
    });
  }

  #terminate(): void {
    this.#leave('client close request');
    this.leg.end();
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
    this.#pending = null;
    this.#cut = null;
    this.#passLeft = 0;
    this.#stopListening();
    this.#asked.stopWaiting(this);
    this.pool.onClientLeft(this, reason);
    server?.abandon(isMidMessage);
  }
}

/** Where a text's first word ends at the latest, behind a comment or two. */
const firstWordBytes = 128;
/** Longer texts are bulk loads: they are forwarded as they come. */
const longestReadQuery = 256 * 1024;

const kinds: Readonly<Record<number, number>> = {
  [FrontendTag.query]: Kind.query,
  [FrontendTag.functionCall]: Kind.function,
  [FrontendTag.parse]: Kind.parse,
  [FrontendTag.bind]: Kind.bind,
  [FrontendTag.describe]: Kind.describe,
  [FrontendTag.execute]: Kind.execute,
  [FrontendTag.close]: Kind.close,
};

/** PostgreSQL's limit for messages that hold a name at most. */
const mostSmallBytes = 10_000;

function isSmall(tag: number): boolean {
  switch (tag) {
    case FrontendTag.query:
    case FrontendTag.parse:
    case FrontendTag.bind:
    case FrontendTag.functionCall:
    case FrontendTag.copyData:
      return false;
    default:
      return true;
  }
}

/** Messages that a server must answer. */
function isRequest(tag: number): boolean {
  switch (tag) {
    case FrontendTag.query:
    case FrontendTag.parse:
    case FrontendTag.bind:
    case FrontendTag.describe:
    case FrontendTag.execute:
    case FrontendTag.close:
    case FrontendTag.functionCall:
      return true;
    default:
      return false;
  }
}

/** `memory[0, used)` and behind it `chunk[0, length)`, in memory that grows by doubling. */
function appended(memory: Buffer, used: number, chunk: Buffer, length: number): Buffer {
  let grown = memory;
  if (used + length > memory.length) {
    grown = Buffer.allocUnsafeSlow(Math.max(used + length, 2 * memory.length));
    memory.copy(grown, 0, 0, used);
  }
  chunk.copy(grown, used, 0, length);
  return grown;
}

/**
 * Where the first request of `pending` ends with the ReadyForQuery it would get; null: its Sync has not come;
 * `cut`: nor has all of its last message.
 */
function endOfRequest(pending: Buffer): number | 'cut' | null {
  let at = 0;
  while (at < pending.length) {
    if (pending.length - at < 5) return 'cut';
    const tag = pending[at]!;
    at += 1 + int32At(pending, at + 1);
    if (at > pending.length) return 'cut';
    const isEnd =
      tag === FrontendTag.query || tag === FrontendTag.sync || tag === FrontendTag.functionCall;
    if (isEnd) return at;
  }
  return null;
}
