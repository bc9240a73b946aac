import { FrontendTag, type MessageBuffer } from '../wire/index.ts';
import type { ClientChannels } from './client-channels.ts';
import type { ClientStatements } from './client-statements.ts';
import type { PooledServer, PoolOfServers } from './contracts.ts';
import { Kind, type Mark } from './expectations.ts';
import type { ParameterSet } from './parameters.ts';
import { writeQuery } from './requests.ts';
import { reasonUnread } from './session-state.ts';
import { channelsOf } from './sql-channels.ts';

/** Longer texts are bulk loads: they are forwarded as they come. */
export const longestReadText = 1024 * 1024;

function isHeld(answer: string | Held | null): answer is Held {
  return typeof answer === 'object' && answer !== null;
}

/** DISCARD ALL and DEALLOCATE ALL take away what later requests would be written by. */
const forgetting = /discard|deallocate/i;

/** A message in `bytes[at, next)`, header included. */
interface Request {
  readonly tag: number;
  readonly bytes: Buffer;
  readonly at: number;
  readonly next: number;
}

/** What is asked of others first; the request is taken again when it resolves. */
interface Held {
  readonly until: Promise<unknown>;
}

/**
 * What the texts of a client's queries mean to its pool: where a transaction goes, which channels and
 * statements are the client's own, what state it leaves behind. Texts are read as latin1, byte for byte,
 * whatever the client's encoding is.
 */
export class ClientTexts {
  readonly #pool: PoolOfServers;
  readonly #statements: ClientStatements;
  readonly #channels: ClientChannels;
  readonly #out: MessageBuffer;
  /** Its server has been somebody else's since it had it before. */
  isAfterAnother = false;
  #pinReason: string | null = null;
  readonly #onForgotten: () => void;
  #forgets = false;
  /** Of the text with names of statements that the next Execute is for. */
  #executeMark: Mark | null = null;

  /** @param onForgotten  the server has answered a text of which `takeForgets` was true */
  constructor(
    pool: PoolOfServers,
    statements: ClientStatements,
    channels: ClientChannels,
    onForgotten: () => void,
  ) {
    this.#pool = pool;
    this.#statements = statements;
    this.#channels = channels;
    this.#out = pool.pooler.outputs.toServer;
    this.#onForgotten = onForgotten;
  }

  /** Why the text looked at last needs its server for longer; null: it does not. */
  takePinReason(): string | null {
    const reason = this.#pinReason;
    this.#pinReason = null;
    return reason;
  }

  /** Whether the Query looked at last may forget statements and state: nothing is sent behind it until it is answered. */
  takeForgets(): boolean {
    const forgets = this.#forgets;
    this.#forgets = false;
    return forgets;
  }

  takeExecuteMark(): Mark | null {
    const mark = this.#executeMark;
    this.#executeMark = null;
    return mark;
  }

  /** What a text has named is done only by an Execute that has not come. */
  get isHalfDone(): boolean {
    return this.#executeMark !== null;
  }

  /** Whose servers a transaction that begins with this request gets. @throws Refusal */
  routed(request: Request, user: string): PoolOfServers {
    const { pooler, database } = this.#pool;
    const text = this.#textOf(request);
    const name = text === null ? null : pooler.route?.({ user, database: database.name, text });
    return name === null || name === undefined ? this.#pool : pooler.routedPool(name, this.#pool);
  }

  /**
   * Writes a Query or Parse another way, where its text asks for it.
   *
   * @returns `next`: it is written; `at`: it goes on as any other
   */
  rewrite(
    tag: number,
    bytes: Buffer,
    at: number,
    next: number,
    server: PooledServer,
    parameters: ParameterSet,
  ): number | Held {
    return tag === FrontendTag.query
      ? this.#query(bytes, at, next, server)
      : this.#parse(bytes, at, next, server, parameters);
  }

  #query(bytes: Buffer, at: number, next: number, server: PooledServer): number | Held {
    const { rewriter } = this.#pool;
    if (!rewriter.mayMatter(bytes, at + 5, next - 1)) return at;
    if (next - at > longestReadText) return this.#unread(at);
    const text = bytes.toString('latin1', at + 5, next - 1);
    const channel = this.#channelText(text);
    if (isHeld(channel)) return channel;
    const named = this.#named(channel ?? text, server, false);
    this.#forgets = forgetting.test(text);
    const instead = named?.text ?? channel ?? (this.#forgets ? text : null);
    if (instead === null) return at;
    this.#statements.forgetUnnamed();
    server.prepared.forgetUnnamed();
    const own: Partial<Mark> = {
      ...named?.mark,
      ...(channel !== null && { isDeaf: true }),
      ...(this.#forgets && { answered: this.#onForgotten }),
    };
    server.expect(Kind.query, { undo: () => undefined, ...own });
    writeQuery(this.#out, instead, 'latin1');
    return next;
  }

  #parse(
    bytes: Buffer,
    at: number,
    next: number,
    server: PooledServer,
    parameters: ParameterSet,
  ): number | Held {
    if (!this.#pool.rewriter.mayMatterInParse(bytes, at, next)) return at;
    const nameEnd = bytes.indexOf(0, at + 5);
    const textEnd = nameEnd < 0 ? -1 : bytes.indexOf(0, nameEnd + 1);
    if (textEnd < 0 || textEnd >= next) return at;
    if (textEnd - nameEnd > longestReadText) return this.#unread(at);
    const text = bytes.toString('latin1', nameEnd + 1, textEnd);
    const channel = this.#channelText(text);
    if (isHeld(channel)) return channel;
    const named = channel === null ? this.#named(text, server, true) : null;
    const instead = channel ?? named?.text;
    if (instead === undefined) return at;
    if (named?.mark?.error !== undefined) {
      this.#statements.refuse(server);
      return next;
    }
    this.#executeMark = named?.mark ?? null;
    const head = bytes.subarray(at, nameEnd + 1);
    const tail = bytes.subarray(textEnd, next);
    this.#parseInstead(
      Buffer.concat([head, Buffer.from(instead, 'latin1'), tail]),
      server,
      parameters,
    );
    return next;
  }

  /** Nobody knows what a text leaves behind that nobody has looked at. */
  #unread(at: number): number {
    this.#pinReason = this.reasonUnread;
    return at;
  }

  /** Why a server is kept after a text that was only forwarded; null: it is not. */
  get reasonUnread(): string | null {
    return this.#pool.mode === 'auto' ? reasonUnread : null;
  }

  /** @param message  a Parse whose length is still that of another text */
  #parseInstead(message: Buffer, server: PooledServer, parameters: ParameterSet): void {
    const { length } = message;
    message.writeInt32BE(length - 1, 1);
    const { parse } = FrontendTag;
    const from = this.#statements.rewrite(parse, message, 0, length, length, server, parameters);
    if (from === 0) this.#out.bytes(message);
  }

  /** With the names of statements that servers know; what it leaves behind is noted. */
  #named(
    text: string,
    server: PooledServer,
    isPipelined: boolean,
  ): { text: string; mark: Mark | null } | null {
    const { rewriter, pooler } = this.#pool;
    this.#pinReason = rewriter.reasonToPin(text);
    if (this.#pinReason !== null) this.#forgetOthersNumbers(server);
    if (!this.#pool.sharesStatements) return null;
    const most = pooler.settings.max_prepared_statements;
    return rewriter.rewritePrepared(text, server.prepared, this.#statements, most, isPipelined);
  }

  /** A client that keeps the server must not be told the number of a sequence that the one before it has drawn. */
  #forgetOthersNumbers(server: PooledServer): void {
    const isKept = server.client?.pinReason !== null;
    if (isKept || !this.isAfterAnother || !server.isBeforeTransaction) return;
    server.queueOwn('DISCARD SEQUENCES', null);
  }

  /**
   * LISTEN and UNLISTEN go to the pool's listener; what is sent to the server only makes the answer.
   *
   * @returns null: there is none in the text
   */
  #channelText(text: string): string | Held | null {
    const channels = channelsOf(text);
    if (channels === null) return null;
    const until = this.#channels.follow(channels.commands);
    return until === null ? channels.harmless : { until };
  }

  /** Of the statement that a transaction begins with; null: it has none. */
  #textOf({ tag, bytes, at, next }: Request): string | null {
    if (tag === FrontendTag.query) return bytes.toString('utf8', at + 5, next - 1);
    const firstEnd = bytes.indexOf(0, at + 5);
    const secondEnd = firstEnd < 0 ? -1 : bytes.indexOf(0, firstEnd + 1);
    if (secondEnd < 0 || secondEnd >= next) return null;
    if (tag === FrontendTag.parse) return bytes.toString('utf8', firstEnd + 1, secondEnd);
    if (tag !== FrontendTag.bind) return null;
    return this.#statements.textOf(bytes.toString('latin1', firstEnd + 1, secondEnd));
  }
}
