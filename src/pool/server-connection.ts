import { isSluiceError, SluiceError, type ServerMessageFields } from '../errors/index.ts';
import {
  BackendTag,
  decodeErrorFields,
  decodeNotification,
  decodeParameterStatus,
  describeTag,
  int32At,
  type BackendKeyData,
  type MessageBuffer,
} from '../wire/index.ts';
import type {
  LoggedIn,
  PooledClient,
  PooledServer,
  PoolOfServers,
  ServerPlace,
  ServerState,
} from './contracts.ts';
import {
  endsPipeline,
  Expectations,
  fake,
  isAct,
  Kind,
  kindOf,
  nothing,
  skip,
  type Mark,
} from './expectations.ts';
import type { Leg, LegOwner } from './leg.ts';
import type { ParameterSet } from './parameters.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { appended } from './client-messages.ts';
import { Replay } from './replay.ts';
import { RequestTimes } from './request-times.ts';
import {
  failedStatus,
  idleStatus,
  isAside,
  isBulky,
  isStalePlan,
  isStatus,
  missingStatement,
  renamed,
} from './server-messages.ts';
import { writeCloseStatement, writeParse, writeQuery } from './requests.ts';
import type { Statement } from './statements.ts';
import type { PackedServer, TellStatement } from './takeover/packed.ts';

const letterD = 0x44;
const letterL = 0x4c;

/** The largest message that is read whole: names, notices and errors. Larger ones make no sense. */
const mostReadBytes = 64 * 1024 * 1024;

/**
 * One connection to a server, and whose its replies are.
 *
 * Replies are forwarded as they come: only headers are looked at, and of a few messages the body. What is
 * due is in `expected`; replies to requests of ours are left out, replies that we owe ourselves are put in.
 */
export class ServerConnection implements LegOwner, PooledServer {
  readonly id: number;
  readonly pool: PoolOfServers;
  readonly leg: Leg;
  readonly key: BackendKeyData;
  readonly place: ServerPlace;
  readonly isEncrypted: boolean;
  readonly expected = new Expectations();
  readonly prepared: PreparedStatements;
  readonly times = new RequestTimes();
  connectedAtMs = Date.now();
  parameters: ParameterSet;
  state: ServerState = 'tested';
  client: PooledClient | null = null;
  /** I, T or E, as its last ReadyForQuery said. */
  status = idleStatus;
  /** A request failed and no Sync has come since: it reads and ignores. */
  hasFailed = false;
  /** It waits for data of a COPY, and ignores Sync. */
  isCopyIn = false;
  /** Since when it is in this state; when its last request came. */
  stateSinceMs = Date.now();
  requestedAtMs = Date.now();
  /** Why it must not be used again once it is free; null: it may. */
  closeReason: string | null = null;
  /** A client has used it since it was reset; one that kept it between transactions has. */
  isDirty = false;
  wasPinned = false;
  /** Cancel requests on their way to it: until they have arrived it must not serve anybody else. */
  cancelsUnderWay = 0;
  lastClientId = 0;

  readonly #toClient: MessageBuffer;
  readonly #toServer: MessageBuffer;
  /** The start of a message whose rest has not come. */
  #cut: Buffer | null = null;
  #cutLength = 0;
  #grown: Buffer | null = null;
  #passLeft = 0;
  #isPassForwarded = false;
  /** Extended requests whose Sync has not been sent: their transaction is open, whatever `status` says. */
  #isUnsynced = false;
  #ownError: ServerMessageFields | null = null;
  #lastWords: ServerMessageFields | null = null;
  readonly #replay = new Replay();
  /** What happens when the request of ours under way is answered. */
  #afterOwn: ((error: ServerMessageFields | null) => void) | null = null;

  constructor(pool: PoolOfServers, id: number, loggedIn: LoggedIn, parameters: ParameterSet) {
    this.pool = pool;
    this.id = id;
    this.leg = loggedIn.leg;
    this.key = loggedIn.key;
    this.place = loggedIn.place;
    this.isEncrypted = loggedIn.isEncrypted;
    this.parameters = parameters;
    this.#toClient = pool.pooler.outputs.toClient;
    this.#toServer = pool.pooler.outputs.toServer;
    this.prepared = new PreparedStatements(this.expected, this.#toServer);
    this.leg.handTo(this);
  }

  enter(state: ServerState): void {
    this.state = state;
    this.stateSinceMs = Date.now();
  }

  /** Nothing is due, no transaction is open: another client may have it. */
  get isFree(): boolean {
    return (
      this.status === idleStatus &&
      this.expected.size === 0 &&
      !this.isCopyIn &&
      !this.hasFailed &&
      !this.#isUnsynced &&
      this.#passLeft === 0
    );
  }

  /** What it sent has gone on whole. */
  get isBetweenMessages(): boolean {
    return this.#passLeft === 0 && this.#cut === null;
  }

  /** Its client has only part of a message: nothing else may be written to it. */
  get isMidReply(): boolean {
    return this.#passLeft > 0 && this.#isPassForwarded;
  }

  /** A pipeline was begun, and its Sync has not come: a transaction that nobody has named. */
  get isUnsynced(): boolean {
    return this.#isUnsynced;
  }

  /** Whether another process could go on with it: its transaction may be open, but nothing is under way. */
  get isMovable(): boolean {
    const isResting =
      this.expected.size === 0 &&
      !this.isCopyIn &&
      !this.hasFailed &&
      !this.#isUnsynced &&
      this.isBetweenMessages &&
      this.cancelsUnderWay === 0;
    return isResting && this.state !== 'closed' && this.leg.isMovable;
  }

  /** For another process. */
  pack(tell: TellStatement): PackedServer {
    return {
      id: this.id,
      place: this.place,
      key: this.key,
      parameters: this.parameters.pack(),
      connectedAtMs: this.connectedAtMs,
      requestedAtMs: this.requestedAtMs,
      status: this.status,
      isDirty: this.isDirty,
      wasPinned: this.wasPinned,
      closeReason: this.closeReason,
      ...this.prepared.pack(tell),
      ...this.times.pack(),
    };
  }

  /** Goes on from where another process has left it. @param find  statements by the names that servers know */
  unpack(packed: PackedServer, find: (serverName: string) => Statement): void {
    this.connectedAtMs = packed.connectedAtMs;
    this.requestedAtMs = packed.requestedAtMs;
    this.status = packed.status;
    this.isDirty = packed.isDirty;
    this.wasPinned = packed.wasPinned;
    this.closeReason = packed.closeReason;
    this.prepared.unpack(packed.statements.map(find), packed.doubtful.map(find));
    this.times.unpack(packed);
  }

  /** A transaction has failed, and nothing is on its way that could end it: every request but that is refused. */
  get refusesRequests(): boolean {
    return this.status === failedStatus && this.expected.size === 0;
  }

  get isInTransaction(): boolean {
    return this.status !== idleStatus;
  }

  get isBeforeTransaction(): boolean {
    return this.times.transactionStartUs === 0;
  }

  /** A request of the client goes out: an answer of this kind is due. */
  expect(kind: number, mark: Mark | null = null): void {
    this.#beginRequest();
    if (isAct(kindOf(kind))) this.#replay.act();
    this.#isUnsynced = !endsPipeline(kind);
    this.expected.push(kind, mark);
  }

  /** The first request since the server was idle begins a transaction. */
  #beginRequest(): void {
    if (this.times.begin()) this.#replay.begin();
  }

  markUse(statement: Statement): Mark | null {
    if (this.isInTransaction) return null;
    this.#beginRequest();
    return this.#replay.markUse(statement, this.#toServer.byteLength);
  }

  send(): void {
    const mayReplay = this.pool.sharesStatements && !this.isInTransaction;
    if (mayReplay) this.#replay.record(this.#toServer);
    this.leg.write(this.#toServer);
  }

  /** Sends a query of ours; `after` hears how it ended. One at a time. */
  run(text: string, after: (error: ServerMessageFields | null) => void): void {
    this.queueOwn(text, after);
    this.leg.write(this.#toServer);
  }

  /** Like `run`, but goes out with what is written next. Behind another one only where nobody waits for its end. */
  queueOwn(text: string, after: ((error: ServerMessageFields | null) => void) | null): void {
    this.#ownError = null;
    this.#afterOwn ??= after;
    this.prepared.forgetUnnamed();
    writeQuery(this.#toServer, text);
    this.expected.push(Kind.query | skip);
  }

  /** The Sync that ends a failed pipeline, sent or not, was read by us. */
  becomeSynced(): void {
    this.hasFailed = false;
  }

  onBytes(chunk: Buffer, chunkLength: number): void {
    const client = this.client;
    this.pool.traffic.sent += client === null ? 0 : chunkLength;
    let bytes = chunk;
    let length = chunkLength;
    if (this.#cut !== null) {
      bytes = appended(this.#cut, this.#cutLength, chunk, 0, chunkLength);
      this.#grown = bytes;
      length = this.#cutLength + chunkLength;
      this.#cut = null;
    }
    try {
      this.#scan(bytes, length);
    } catch (error) {
      this.#breakOff(error);
      return;
    }
    if (client !== null) {
      client.leg.write(this.#toClient);
      if (client.leg.isFull) this.leg.pause();
      client.onAnswered(this);
    }
    if (this.#lastWords !== null) this.close(this.#lastWords.message);
    else this.#settle();
  }

  onDrain(): void {
    this.client?.leg.resume();
  }

  onClosed(error: Error | null): void {
    this.enter('closed');
    const client = this.client;
    this.client = null;
    this.pool.onServerClosed(this);
    const reason = this.closeReason ?? error?.message ?? 'server conn crashed?';
    client?.onServerLost(this.#lastWords === null ? reason : null);
  }

  /** @param reason  for the log; the client of this server, if any, is told that its server is gone */
  close(reason: string): void {
    this.closeReason ??= reason;
    if (this.state === 'closed') return;
    this.leg.destroy();
  }

  /**
   * The client has gone away in the middle of something: what is left of it is undone, or the server closed.
   *
   * @param isMidMessage  the server has only part of the client's last message
   */
  abandon(isMidMessage: boolean): void {
    this.client = null;
    this.leg.resume();
    const isDue = this.expected.size > 0 || this.isCopyIn || this.hasFailed || this.#isUnsynced;
    if (isMidMessage || isDue) {
      this.close('client disconnected before its query was done');
      return;
    }
    if (this.isInTransaction) {
      this.enter('tested');
      this.run('ROLLBACK', (error) => {
        if (error !== null) this.close(`ROLLBACK failed: ${error.message}`);
      });
      return;
    }
    this.pool.onServerFree(this);
  }

  /** Made-up replies whose turn has come, also when the server will say nothing (after a Flush). */
  emitFakes(): void {
    const out = this.#toClient;
    this.expected.dropCopyEnds();
    for (let head = this.expected.head; (head & fake) !== 0; head = this.expected.head) {
      out.begin(kindOf(head) === Kind.parse ? BackendTag.parseComplete : BackendTag.closeComplete);
      out.finish();
      this.expected.shift();
    }
  }

  /** Forwards what is the client's: `bytes[from, at)` is what has been read and not written yet. */
  #scan(bytes: Buffer, length: number): void {
    const { expected } = this;
    const out = this.#toClient;
    let at = 0;
    let from = 0;
    if (this.#passLeft > 0) {
      at = Math.min(this.#passLeft, length);
      this.#passLeft -= at;
      if (!this.#isPassForwarded) from = at;
    }
    if (this.#passLeft === 0) from = this.#emitBehind(bytes, from, at);
    let isDropping = this.#isDropping();
    while (length - at >= 5) {
      const tag = bytes[at]!;
      const size = int32At(bytes, at + 1);
      if (size < 4) throw this.#nonsense(`a length of ${size}`, tag);
      const next = at + 1 + size;
      if (tag === BackendTag.dataRow || tag === BackendTag.copyData) {
        if (isDropping) {
          if (at > from) out.slice(bytes, from, at);
          from = Math.min(next, length);
        }
        if (next > length) return this.#pass(bytes, from, length, next - length, !isDropping);
        at = next;
        continue;
      }
      if (next > length) {
        if (size > mostReadBytes || isBulky(tag)) {
          if (!isBulky(tag)) throw this.#nonsense(`a length of ${size}`, tag);
          if (at > from) out.slice(bytes, from, at);
          from = at;
          this.#beforeReply(tag);
          isDropping = this.#isDropping();
          if (!this.#receive(tag, bytes, at, length) || isDropping) from = length;
          return this.#pass(bytes, from, length, next - length, from < length);
        }
        break;
      }
      if (!isAside(tag)) {
        // What is put in between goes behind what was read before it.
        if ((expected.head & fake) !== 0 || tag === BackendTag.errorResponse) {
          if (at > from && !isDropping) out.slice(bytes, from, at);
          from = at;
        }
        this.#beforeReply(tag);
        isDropping = this.#isDropping();
      }
      if (!this.#receive(tag, bytes, at, next) || (isDropping && !isAside(tag))) {
        if (at > from) out.slice(bytes, from, at);
        from = next;
      }
      // Rows that follow answer what comes after the made-up replies.
      from = this.#emitBehind(bytes, from, next);
      isDropping = this.#isDropping();
      at = next;
    }
    if (at > from) out.slice(bytes, from, at);
    if (at < length) this.#keepCut(bytes, at, length);
  }

  /** Made-up replies whose turn has come go behind `bytes[from, to)`. @returns what is written up to */
  #emitBehind(bytes: Buffer, from: number, to: number): number {
    this.expected.dropCopyEnds();
    if ((this.expected.head & fake) === 0 || this.client === null) return from;
    if (to > from) this.#toClient.slice(bytes, from, to);
    this.emitFakes();
    return to;
  }

  #keepCut(bytes: Buffer, start: number, end: number): void {
    this.#cutLength = end - start;
    // Memory that has grown for a message is used on until the message is whole.
    const isSame = start === 0 && bytes === this.#grown;
    this.#cut = isSame ? bytes : Buffer.from(bytes.subarray(start, end));
    if (!isSame) this.#grown = null;
  }

  #pass(bytes: Buffer, from: number, to: number, left: number, isForwarded: boolean): void {
    if (to > from) this.#toClient.slice(bytes, from, to);
    this.#passLeft = left;
    this.#isPassForwarded = isForwarded;
  }

  /** Replies to requests of ours, and all replies when there is nobody to get them. */
  #isDropping(): boolean {
    return this.client === null || (this.expected.head & skip) !== 0;
  }

  #beforeReply(tag: number): void {
    this.expected.dropCopyEnds();
    if (this.client === null) {
      while ((this.expected.head & fake) !== 0) this.expected.shift();
    } else {
      this.emitFakes();
    }
    if (this.expected.head === nothing && tag !== BackendTag.errorResponse) {
      throw this.#nonsense('a reply that nobody asked for', tag);
    }
  }

  /**
   * Takes note of a message in `bytes[at, next)`, header included.
   *
   * @returns whether it is the client's, if the request was
   */
  #receive(tag: number, bytes: Buffer, at: number, next: number): boolean {
    const { expected } = this;
    switch (tag) {
      case BackendTag.readyForQuery:
        return this.#receiveReady(next - at === 6 ? bytes[at + 5]! : 0);
      case BackendTag.commandComplete:
        if (bytes[at + 5] === letterD)
          this.#receiveForgetting(bytes.toString('latin1', at + 5, next - 1));
        else if (bytes[at + 5] === letterL)
          this.#receiveListening(bytes.toString('latin1', at + 5, next - 1));
        this.#answer(Kind.execute);
        return true;
      case BackendTag.emptyQueryResponse:
      case BackendTag.portalSuspended:
        this.#answer(Kind.execute);
        return true;
      case BackendTag.parseComplete:
        return this.#answerIt(Kind.parse, tag);
      case BackendTag.bindComplete:
        return this.#answerIt(Kind.bind, tag);
      case BackendTag.closeComplete:
        return this.#answerIt(Kind.close, tag);
      case BackendTag.rowDescription:
      case BackendTag.noData:
        this.#answer(Kind.describe);
        return true;
      case BackendTag.parameterDescription:
      case BackendTag.functionCallResponse:
      case BackendTag.copyOutResponse:
      case BackendTag.copyDone:
        return true;
      case BackendTag.copyInResponse:
        this.isCopyIn = !expected.beginCopyIn();
        // It ignores a Sync that was sent before the end of the data.
        this.#isUnsynced = !expected.endsSynced;
        return true;
      case BackendTag.errorResponse:
        return this.#receiveError(bytes, at, next);
      case BackendTag.parameterStatus:
        return this.#receiveParameter(bytes, at, next);
      case BackendTag.noticeResponse:
        return this.client !== null && (expected.head & skip) === 0;
      case BackendTag.notificationResponse:
        return this.#receiveNotification(bytes, at, next);
      default:
        throw this.#nonsense('a message that does not belong here', tag);
    }
  }

  #answer(kind: number): void {
    if (kindOf(this.expected.head) === kind) this.expected.shift();
  }

  #answerIt(kind: number, tag: number): boolean {
    const { head } = this.expected;
    if (kindOf(head) !== kind) throw this.#nonsense('a reply out of turn', tag);
    this.expected.headMark?.done?.();
    this.expected.shift();
    return (head & skip) === 0;
  }

  #receiveReady(status: number): boolean {
    const { head } = this.expected;
    const kind = kindOf(head);
    if (kind !== Kind.sync && kind !== Kind.query && kind !== Kind.function) {
      throw this.#nonsense('ReadyForQuery out of turn', BackendTag.readyForQuery);
    }
    if (!isStatus(status)) {
      throw this.#nonsense('a status that does not exist', BackendTag.readyForQuery);
    }
    const { headMark } = this.expected;
    this.expected.shift();
    this.expected.dropCopyEnds();
    headMark?.answered?.();
    this.status = status;
    this.isCopyIn = false;
    if ((head & skip) !== 0) {
      this.#endOwn();
      return false;
    }
    this.times.answered(this.pool.traffic, this.expected.size > 0);
    if (status === idleStatus) this.times.ended(this.pool.traffic);
    return this.client !== null;
  }

  #endOwn(): void {
    const after = this.#afterOwn;
    const error = this.#ownError;
    this.#afterOwn = null;
    this.#ownError = null;
    after?.(error);
  }

  #receiveError(bytes: Buffer, at: number, next: number): boolean {
    const fields = decodeErrorFields(bytes, at + 5, next);
    if (fields.severity === 'FATAL' || fields.severity === 'PANIC') {
      this.#lastWords = fields;
      return this.client !== null;
    }
    const { head, headMark } = this.expected;
    const kind = kindOf(head);
    if (head === nothing) {
      throw this.#nonsense('an error that nobody asked for', BackendTag.errorResponse);
    }
    this.isCopyIn = false;
    const missing = missingStatement(fields);
    if (missing !== null) this.prepared.forget(missing);
    if (isStalePlan(fields) && this.#heal(headMark)) return false;
    if (kind === Kind.query) headMark?.undo(true);
    if (kind === Kind.query && (head & skip) !== 0) {
      this.#ownError = fields;
      return false;
    }
    if (kind !== Kind.query && kind !== Kind.function && kind !== Kind.sync) {
      this.hasFailed = !this.expected.failPipeline();
    }
    if (headMark?.error !== undefined) {
      this.client?.tellError(headMark.error);
      return false;
    }
    if (headMark?.rename === undefined) return this.#forwardError(bytes, at, next, head);
    this.client?.tellError(renamed(fields, headMark.rename));
    return false;
  }

  /**
   * A plan that no longer fits its table: its statement is prepared again, and what has not been done yet is
   * asked once more.
   */
  #heal(mark: Mark | null): boolean {
    const replay = this.#replay.after(mark);
    const { client } = this;
    if (replay === null || client === null) return false;
    const due = this.expected.takePipeline();
    if (due === null) return false;
    client.hold();
    // The server still has the Sync to answer.
    this.expected.push(Kind.sync | skip);
    this.#afterOwn = () => {
      const { statement, requests } = replay;
      writeCloseStatement(this.#toServer, statement.serverName);
      this.expected.push(Kind.close | skip);
      writeParse(this.#toServer, statement.serverName, statement.tail);
      this.expected.push(Kind.parse | skip, { undo: () => this.prepared.delete(statement) });
      for (const [expectation, itsMark] of due) this.expected.push(expectation, itsMark);
      this.#toServer.bytes(requests);
      this.leg.write(this.#toServer);
      client.release();
    };
    return true;
  }

  /** An error that answers a Parse of ours is the answer to the Bind that needed it. */
  #forwardError(bytes: Buffer, at: number, next: number, head: number): boolean {
    if (this.client === null) return false;
    if ((head & skip) === 0) return true;
    this.#toClient.slice(bytes, at, next);
    return false;
  }

  #receiveParameter(bytes: Buffer, at: number, next: number): boolean {
    const { name, value } = decodeParameterStatus(bytes, at + 5, next);
    this.parameters = this.parameters.with(name, value);
    const { client } = this;
    if (client === null) return false;
    // While our own SET runs the client is told only what it does not have so already.
    if ((this.expected.head & skip) !== 0) return client.wantsOtherwise(name, value);
    client.onParameter(this.parameters);
    return true;
  }

  #receiveNotification(bytes: Buffer, at: number, next: number): boolean {
    const { client } = this;
    const isOfClient = this.pool.mode === 'session' || client?.pinReason !== null;
    if (client !== null && isOfClient) return true;
    // Somebody has left a LISTEN behind where the pool did not see it.
    this.pool.onNotification(this, decodeNotification(bytes, at + 5, next));
    return false;
  }

  /** DISCARD ALL and DEALLOCATE ALL: the statements are gone, ours and the client's. */
  #receiveForgetting(tag: string): void {
    if (tag !== 'DISCARD ALL' && tag !== 'DEALLOCATE ALL') return;
    this.prepared.forgetAll();
    this.client?.forgetState(tag === 'DISCARD ALL');
  }

  /** A LISTEN in a text that nobody has looked at: its client hears only what this server tells it. */
  #receiveListening(tag: string): void {
    if (tag !== 'LISTEN' || this.pool.mode === 'session') return;
    const { head, headMark } = this.expected;
    const isSeen = kindOf(head) === Kind.execute ? this.pool.looksAtTexts : headMark?.isDeaf;
    if (isSeen !== true && (head & skip) === 0) this.client?.keepServer('LISTEN');
  }

  #settle(): void {
    if (!this.isFree) {
      if (this.client !== null && this.expected.size === 0) this.pool.onTransactionOpen(this);
      return;
    }
    if (this.client === null) {
      // What an idle server says by the way does not make it free a second time.
      if (this.state !== 'idle') this.pool.onServerFree(this);
    } else this.pool.onTransactionEnd(this, this.client);
  }

  /** The server says what no server says: it cannot be trusted with the next byte. */
  #breakOff(error: unknown): void {
    this.pool.pooler.log.error('a server connection is broken off', { error });
    this.client?.leg.write(this.#toClient);
    this.#toClient.take();
    this.#toClient.reuse();
    this.close(isSluiceError(error) ? error.message : 'internal error of the pooler');
  }

  #nonsense(problem: string, tag: number): SluiceError {
    const place = `${this.place.host}:${this.place.port}`;
    return new SluiceError('POOL_SERVER_NONSENSE', { place, problem, tag: describeTag(tag) });
  }
}
