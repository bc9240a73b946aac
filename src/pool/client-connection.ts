import type { ServerMessageFields } from '../errors/index.ts';
import {
  BackendWriter,
  describeTag,
  FrontendTag,
  int32At,
  type MessageBuffer,
} from '../wire/index.ts';
import { fake, Kind } from './expectations.ts';
import type { Leg, LegOwner } from './leg.ts';
import type { ParameterSet } from './parameters.ts';
import type { Pool } from './pool.ts';
import { writeBindHead, writeDescribeStatement, writeParse } from './requests.ts';
import type { ServerConnection } from './server-connection.ts';
import { setParametersSql } from './set-parameters.ts';
import {
  mayHoldLiterals,
  serverNamePrefix,
  Statement,
  UnnamedStatement,
  type PlanContext,
} from './statements.ts';
import { nowUs } from './traffic.ts';

/** What the handshake has found out. */
export interface ClientIdentity {
  readonly id: number;
  readonly leg: Leg;
  readonly pool: Pool;
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
export class ClientConnection implements LegOwner {
  readonly id: number;
  readonly leg: Leg;
  readonly pool: Pool;
  readonly user: string;
  readonly cancelPid: number;
  readonly cancelKey: Buffer;
  readonly connectedAtMs = Date.now();
  server: ServerConnection | null = null;
  parameters: ParameterSet;
  requestedAtMs = Date.now();
  /** Since when it waits for a server, in microseconds; 0: it does not. */
  waitingSinceUs = 0;
  /** It was told that it waits. */
  isWaitNotified = false;
  /** Why it keeps its server between transactions; null: it does not. */
  pinReason: string | null = null;

  readonly #toServer: MessageBuffer;
  readonly #toClient: MessageBuffer;
  /** Requests that wait for a server. */
  #pending: Buffer | null = null;
  /** The start of a message whose rest has not come. */
  #cut: Buffer | null = null;
  #passLeft = 0;
  #isPassForwarded = false;
  #statements: Map<string, Statement> | null = null;
  #unnamed: Statement | UnnamedStatement | null = null;
  #context: PlanContext | null = null;
  #isOver = false;

  constructor(identity: ClientIdentity) {
    this.id = identity.id;
    this.leg = identity.leg;
    this.pool = identity.pool;
    this.user = identity.user;
    this.parameters = identity.parameters;
    this.cancelPid = identity.cancelPid;
    this.cancelKey = identity.cancelKey;
    this.#toServer = this.pool.pooler.outputs.toServer;
    this.#toClient = this.pool.pooler.outputs.toClient;
    this.leg.handTo(this);
  }

  get statementCount(): number {
    return this.#statements?.size ?? 0;
  }

  /** Its server has only part of what it sends: nobody else may have the server now. */
  get isMidMessage(): boolean {
    return this.#passLeft > 0 && this.#isPassForwarded;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  onBytes(chunk: Buffer, length: number): void {
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
  resumeWith(server: ServerConnection): void {
    const pending = this.#pending;
    this.#pending = null;
    this.leg.resume();
    this.link(server);
    if (pending !== null) this.#take(pending, pending.length);
  }

  link(server: ServerConnection): void {
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
  }

  /** A parameter that is tracked has changed by what the client did. */
  onParameter(current: ParameterSet): void {
    if (current === this.parameters) return;
    this.parameters = current;
    this.#context = null;
  }

  /** While its parameters are set on a server: whether it believes another value than the server now has. */
  wantsOtherwise(name: string, value: string): boolean {
    const told = this.parameters.get(name);
    return told !== null && told !== value;
  }

  forgetStatements(): void {
    this.#statements = null;
    this.#unnamed = null;
  }

  /** @param reason  null: the server has told the client itself */
  onServerLost(reason: string | null): void {
    this.server = null;
    if (reason === null) {
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
    this.tellError({ severity: 'FATAL', sqlstate, message });
    this.leg.write(this.#toClient);
    this.#leave(reason);
    this.leg.end();
  }

  /** A cancel request for a client that waits: its first request is answered, the others wait on. */
  cancelWaiting(): void {
    const pending = this.#pending;
    if (pending === null || this.waitingSinceUs === 0) return;
    const end = endOfRequest(pending);
    this.tellError({
      severity: 'ERROR',
      sqlstate: '57014',
      message: 'canceling statement due to user request',
    });
    if (end === null) return this.fail('57014', 'canceled while waiting for a server');
    new BackendWriter(this.#toClient).readyForQuery(idleStatus);
    this.leg.write(this.#toClient);
    this.pool.stopWaiting(this);
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
      bytes = Buffer.concat([this.#cut, chunk.subarray(0, chunkLength)]);
      length = bytes.length;
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
    server.leg.write(this.#toServer);
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
    while (length - at >= 5) {
      const tag = bytes[at]!;
      const size = int32At(bytes, at + 1);
      if (size < 4 || size > most) return this.#refuseMessage(tag, `a length of ${size}`);
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
      const server = this.server ?? this.#acquire();
      if (server === null) {
        this.#keepPending(bytes, at, length);
        return;
      }
      const needed = this.#neededBytes(tag, server, size);
      if (at + needed > length) {
        // Only the start of a message that must be seen before it can be sent.
        break;
      }
      const rewrittenTo = this.#request(tag, bytes, at, next, length, from, server);
      if (rewrittenTo === notEnough) break;
      if (rewrittenTo >= 0) from = rewrittenTo;
      if (next > length) return this.#pass(bytes, from, length, next - length, true);
      at = next;
    }
    if (at > from) out.slice(bytes, from, at);
    if (at < length) this.#cut = Buffer.from(bytes.subarray(at, length));
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
  #neededBytes(tag: number, server: ServerConnection, size: number): number {
    if (server.hasFailed || server.isCopyIn) return 5;
    if (tag === FrontendTag.query) return this.pool.inspectsQueries ? size + 1 : 5;
    if (!this.pool.sharesStatements) return 5;
    return tag === FrontendTag.parse || tag === FrontendTag.describe || tag === FrontendTag.close
      ? size + 1
      : 5;
  }

  /**
   * Notes what a request will be answered with and, where it names a statement, writes it under another name.
   *
   * @returns from where on the input is still to be forwarded; `unchanged`; or `notEnough`
   */
  #request(
    tag: number,
    bytes: Buffer,
    at: number,
    next: number,
    length: number,
    from: number,
    server: ServerConnection,
  ): number {
    // The server reads and ignores it, or answers with an error that has no request of its own.
    if (server.hasFailed || server.isCopyIn) return unchanged;
    switch (tag) {
      case FrontendTag.query:
        this.#unnamed = null;
        server.prepared.forgetUnnamed();
        server.expect(Kind.query);
        return unchanged;
      case FrontendTag.functionCall:
        server.expect(Kind.function);
        return unchanged;
      case FrontendTag.execute:
        server.expect(Kind.execute);
        return unchanged;
      default:
    }
    if (!this.pool.sharesStatements) {
      server.expect(kindsOfNamed[tag]!);
      return unchanged;
    }
    switch (tag) {
      case FrontendTag.parse:
        return this.#parse(bytes, at, next, from, server);
      case FrontendTag.bind:
        return this.#bind(bytes, at, next, length, from, server);
      case FrontendTag.describe:
        return this.#describe(bytes, at, next, from, server);
      default:
        return this.#close(bytes, at, next, from, server);
    }
  }

  #parse(bytes: Buffer, at: number, next: number, from: number, server: ServerConnection): number {
    this.pool.traffic.clientParses++;
    const nameEnd = bytes.indexOf(0, at + 5);
    const tailStart = nameEnd + 1;
    if (nameEnd < 0 || tailStart >= next) return this.#letThrough(Kind.parse, server);
    if (nameEnd === at + 5) return this.#parseUnnamed(bytes, at, tailStart, next, from, server);
    const name = bytes.toString('latin1', at + 5, nameEnd);
    const known = this.#statements?.get(name);
    this.#flush(bytes, from, at);
    if (known !== undefined) {
      this.#parseAgain(name, known, server);
      return next;
    }
    const statement = mayHoldLiterals(bytes, tailStart, next)
      ? new Statement(Buffer.from(bytes.subarray(tailStart, next)))
      : this.#planContext().share(bytes, tailStart, next);
    this.#statements ??= new Map();
    this.#statements.set(name, statement);
    this.#parseShared(statement, server, () => this.#statements?.delete(name));
    return next;
  }

  /** As PostgreSQL, an error that the connection survives: the server itself says so. */
  #parseAgain(name: string, known: Statement, server: ServerConnection): void {
    server.prepared.ensure(known, this.#mostStatements);
    writeParse(this.#toServer, known.serverName, known.tail);
    server.expect(Kind.parse, {
      undo: nothingToUndo,
      rename: { from: known.serverName, to: name },
    });
  }

  #parseUnnamed(
    bytes: Buffer,
    at: number,
    tailStart: number,
    next: number,
    from: number,
    server: ServerConnection,
  ): number {
    const shared =
      this.pool.pooler.settings.cache_unnamed_statements &&
      !mayHoldLiterals(bytes, tailStart, next)
        ? this.#planContext().shareRepeated(bytes, tailStart, next)
        : null;
    const undo = (): void => {
      this.#unnamed = null;
    };
    if (shared !== null) {
      this.#flush(bytes, from, at);
      this.#unnamed = shared;
      this.#parseShared(shared, server, undo);
      return next;
    }
    const unnamed = new UnnamedStatement(Buffer.from(bytes.subarray(tailStart, next)));
    this.#unnamed = unnamed;
    server.prepared.setUnnamed(unnamed);
    this.pool.traffic.serverParses++;
    server.expect(Kind.parse, {
      undo: () => {
        undo();
        server.prepared.setUnnamed(null);
      },
    });
    return unchanged;
  }

  /** A statement that the server may have from another client, or from before. */
  #parseShared(statement: Statement, server: ServerConnection, undoName: () => void): void {
    if (server.prepared.has(statement)) {
      server.expect(Kind.parse | fake, { undo: undoName });
      return;
    }
    this.pool.traffic.serverParses++;
    writeParse(this.#toServer, statement.serverName, statement.tail);
    server.expect(Kind.parse, {
      undo: () => {
        server.prepared.delete(statement);
        undoName();
      },
    });
    server.prepared.add(statement, this.#mostStatements);
  }

  #bind(
    bytes: Buffer,
    at: number,
    next: number,
    length: number,
    from: number,
    server: ServerConnection,
  ): number {
    const seen = Math.min(next, length);
    const portalEnd = bytes.indexOf(0, at + 5);
    const nameEnd = portalEnd < 0 ? -1 : bytes.indexOf(0, portalEnd + 1);
    if (portalEnd < 0 || nameEnd < 0 || nameEnd >= seen) {
      return next > length ? notEnough : this.#letThrough(Kind.bind, server);
    }
    this.pool.traffic.binds++;
    this.#flush(bytes, from, at);
    const name = this.#serverNameOf(bytes, portalEnd + 1, nameEnd, server);
    server.expect(Kind.bind);
    if (name === null) return at;
    const head = { bytes, portalStart: at + 5, portalEnd };
    writeBindHead(this.#toServer, head, name, next - nameEnd - 1);
    return nameEnd + 1;
  }

  #describe(
    bytes: Buffer,
    at: number,
    next: number,
    from: number,
    server: ServerConnection,
  ): number {
    const isStatement = bytes[at + 5] === statementKind;
    const nameEnd = bytes.indexOf(0, at + 6);
    if (!isStatement || nameEnd < 0 || nameEnd >= next) {
      return this.#letThrough(Kind.describe, server);
    }
    this.#flush(bytes, from, at);
    const name = this.#serverNameOf(bytes, at + 6, nameEnd, server);
    server.expect(Kind.describe);
    if (name === null) return at;
    writeDescribeStatement(this.#toServer, name);
    return next;
  }

  #close(bytes: Buffer, at: number, next: number, from: number, server: ServerConnection): number {
    const isStatement = bytes[at + 5] === statementKind;
    const nameEnd = bytes.indexOf(0, at + 6);
    if (!isStatement || nameEnd < 0 || nameEnd >= next) return this.#letThrough(Kind.close, server);
    this.#flush(bytes, from, at);
    const name = bytes.toString('latin1', at + 6, nameEnd);
    if (name === '') {
      const before = this.#unnamed;
      this.#unnamed = null;
      server.expect(Kind.close | fake, { undo: () => (this.#unnamed = before) });
      return next;
    }
    const before = this.#statements?.get(name);
    this.#statements?.delete(name);
    const undo = (): void => {
      if (before !== undefined) this.#statements?.set(name, before);
    };
    server.expect(Kind.close | fake, { undo });
    return next;
  }

  /**
   * The name under which the server knows the client's statement `bytes[start, end)`, which it has afterwards.
   *
   * @returns null: as the client says, because the server is to say that there is none, or has it unnamed
   */
  #serverNameOf(
    bytes: Buffer,
    start: number,
    end: number,
    server: ServerConnection,
  ): string | null {
    if (start === end) {
      const unnamed = this.#unnamed;
      if (unnamed instanceof Statement) return this.#ensure(unnamed, server);
      server.prepared.ensureUnnamed(unnamed);
      return null;
    }
    const name = bytes.toString('latin1', start, end);
    const statement = this.#statements?.get(name);
    if (statement !== undefined) return this.#ensure(statement, server);
    return name.startsWith(serverNamePrefix) ? `${serverNamePrefix}?` : null;
  }

  #ensure(statement: Statement, server: ServerConnection): string {
    if (server.prepared.ensure(statement, this.#mostStatements)) this.pool.traffic.serverParses++;
    return statement.serverName;
  }

  /** A malformed message: the server finds the words for it. */
  #letThrough(kind: number, server: ServerConnection): number {
    server.expect(kind);
    return unchanged;
  }

  #flush(bytes: Buffer, from: number, at: number): void {
    if (at > from) this.#toServer.slice(bytes, from, at);
  }

  get #mostStatements(): number {
    return this.pool.pooler.settings.max_prepared_statements;
  }

  #planContext(): PlanContext {
    this.#context ??= this.pool.pooler.statements.contextOf(this.pool.user, this.parameters);
    return this.#context;
  }

  #acquire(): ServerConnection | null {
    const server = this.pool.acquire(this);
    if (server !== null) this.link(server);
    return server;
  }

  #keepPending(bytes: Buffer, start: number, end: number): void {
    const more = bytes.subarray(start, end);
    this.#pending = this.#pending === null ? Buffer.from(more) : Buffer.concat([this.#pending, more]);
    if (this.#pending.length > mostPendingBytes) this.leg.pause();
  }

  #applyParameters(server: ServerConnection): void {
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
    this.server = null;
    this.#pending = null;
    this.#cut = null;
    this.#passLeft = 0;
    this.pool.onClientLeft(this, reason);
    server?.abandon(isMidMessage);
  }
}

/** What `#request` says when the message goes on as it is, and when its head has not come yet. */
const unchanged = -1;
const notEnough = -2;

const statementKind = 0x53; // S

const nothingToUndo = (): void => undefined;

const kindsOfNamed: Readonly<Record<number, number>> = {
  [FrontendTag.parse]: Kind.parse,
  [FrontendTag.bind]: Kind.bind,
  [FrontendTag.describe]: Kind.describe,
  [FrontendTag.close]: Kind.close,
};

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

/** Where the first request of `pending` ends with the ReadyForQuery it would get; null: that has not come. */
function endOfRequest(pending: Buffer): number | null {
  let at = 0;
  while (pending.length - at >= 5) {
    const tag = pending[at]!;
    at += 1 + int32At(pending, at + 1);
    if (at > pending.length) return null;
    const isEnd =
      tag === FrontendTag.query || tag === FrontendTag.sync || tag === FrontendTag.functionCall;
    if (isEnd) return at;
  }
  return null;
}

