import type { ServerMessageFields } from '../errors/index.ts';
import { FrontendTag, type MessageBuffer } from '../wire/index.ts';
import type { PooledClient, PooledServer, PoolOfServers } from './contracts.ts';
import { fake, Kind, type Mark } from './expectations.ts';
import { writeBindHead, writeDescribeStatement, writeParse } from './requests.ts';
import type { ParameterSet } from './parameters.ts';
import {
  isShareable,
  serverNamePrefix,
  Statement,
  UnnamedStatement,
  type NamedStatements,
  type PlanContext,
} from './statements.ts';
import type { PackedClient, TellStatement } from './takeover/packed.ts';

/** The head of a message has not come yet. */
export const notEnough = -1;

const statementKind = 0x53; // S

/** An empty text without parameters: enough to hear that the name is taken, and nothing to do harm. */
const emptyTail = Buffer.alloc(3);

const nothingToUndo = (): void => undefined;

/** Texts and names of one client: PostgreSQL would take some ten times as much for the plans of as many. */
const mostKeptBytes = 16 * 1024 * 1024;
/** Of an entry beside its texts. */
const entryBytes = 200;

/** What a client is told instead of the server's complaint about `refusedText`. */
const outOfMemory: ServerMessageFields = {
  severity: 'ERROR',
  sqlstate: '53200',
  message: 'out of memory',
  detail: `The pool keeps up to ${mostKeptBytes} bytes of prepared statements of one client.`,
  hint: 'Deallocate statements that are not needed any more.',
};
const refusedText = 'out_of_memory_for_prepared_statements_of_this_client';
const refusedTail = Buffer.from(`${refusedText}\0\0\0`);

/**
 * A client's prepared statements, by its own names, and its requests written for servers that know other ones.
 *
 *     client: Parse "a"  ->  server: Parse "SLUICE_7", or nothing and a reply of ours, if it has it already
 *     client: Bind  "a"  ->  server: [Parse "SLUICE_7"] Bind "SLUICE_7"
 */
export class ClientStatements implements NamedStatements {
  readonly #pool: PoolOfServers;
  readonly #user: string;
  readonly #out: MessageBuffer;
  readonly #client: Pick<PooledClient, 'keepServer'>;
  #named: Map<string, Statement> | null = null;
  #keptBytes = 0;
  #unnamed: Statement | UnnamedStatement | null = null;
  #context: PlanContext | null = null;
  /** Of the statement whose name was asked for last. */
  #useMark: Mark | null = null;

  constructor(pool: PoolOfServers, user: string, client: Pick<PooledClient, 'keepServer'>) {
    this.#pool = pool;
    this.#user = user;
    this.#client = client;
    this.#out = pool.pooler.outputs.toServer;
  }

  get count(): number {
    return this.#named?.size ?? 0;
  }

  /** For another process. */
  pack(tell: TellStatement): Pick<PackedClient, 'statements' | 'unnamed'> {
    const unnamed = this.#unnamed;
    return {
      statements: [...(this.#named ?? [])].map(([name, statement]) => [name, tell(statement)]),
      unnamed: unnamed instanceof Statement ? tell(unnamed) : (unnamed?.tail ?? null),
    };
  }

  /** @param find  what servers know by these names */
  unpack(
    { statements, unnamed }: Pick<PackedClient, 'statements' | 'unnamed'>,
    find: (serverName: string) => Statement,
  ): void {
    for (const [name, serverName] of statements) this.set(name, find(serverName));
    if (typeof unnamed === 'string') this.#unnamed = find(unnamed);
    else if (unnamed !== null) this.#unnamed = new UnnamedStatement(Buffer.from(unnamed));
  }

  find(name: string): Statement | undefined {
    return this.#named?.get(name);
  }

  /** The text of a statement, `''` the unnamed one; null: the client has none of that name. */
  textOf(name: string): string | null {
    const statement = name === '' ? this.#unnamed : this.#named?.get(name);
    const tail = statement?.tail ?? null;
    return tail === null ? null : tail.toString('utf8', 0, Math.max(0, tail.indexOf(0)));
  }

  /** SQL has made it under this name. */
  set(name: string, statement: Statement): void {
    this.delete(name);
    this.#named ??= new Map();
    this.#named.set(name, statement);
    this.#keptBytes += sizeOf(name, statement);
  }

  delete(name: string): void {
    const statement = this.#named?.get(name);
    if (statement === undefined) return;
    this.#named?.delete(name);
    this.#keptBytes -= sizeOf(name, statement);
  }

  /** Whether so much more of texts and names may be kept for the client. */
  hasRoomFor(bytes: number): boolean {
    return this.#keptBytes + entryBytes + bytes <= mostKeptBytes;
  }

  /** What is sent for a text whose statements there is no room for; it fails, and nothing of it is done. */
  get refused(): { text: string; mark: Mark } {
    return { text: refusedText, mark: refusedMark };
  }

  /** The same for a Parse. */
  refuse(server: PooledServer): void {
    writeParse(this.#out, `${serverNamePrefix}?`, refusedTail);
    server.expect(Kind.parse, refusedMark);
  }

  /** A simple Query takes the place of the unnamed statement. */
  forgetUnnamed(): void {
    this.#unnamed = null;
  }

  /** DISCARD ALL, DEALLOCATE ALL. */
  forgetAll(): void {
    this.#named = null;
    this.#keptBytes = 0;
    this.#unnamed = null;
  }

  /** The same text may mean another statement now. */
  onParametersChanged(): void {
    this.#context = null;
  }

  /**
   * Writes a Parse, Bind, Describe or Close for the server.
   *
   * @param bytes  the message is `bytes[at, next)`, header included; a Bind may have come only up to `length`
   * @returns from where on the input is to be forwarded as it is (`at`: all of the message), or `notEnough`
   */
  rewrite(
    tag: number,
    bytes: Buffer,
    at: number,
    next: number,
    length: number,
    server: PooledServer,
    parameters: ParameterSet,
  ): number {
    switch (tag) {
      case FrontendTag.parse:
        return this.#parse(bytes, at, next, server, parameters);
      case FrontendTag.bind:
        return this.#bind(bytes, at, next, length, server);
      case FrontendTag.describe:
        return this.#describe(bytes, at, next, server);
      default:
        return this.#close(bytes, at, next, server);
    }
  }

  #parse(
    bytes: Buffer,
    at: number,
    next: number,
    server: PooledServer,
    parameters: ParameterSet,
  ): number {
    this.#pool.traffic.clientParses++;
    const nameEnd = bytes.indexOf(0, at + 5);
    const tailStart = nameEnd + 1;
    if (nameEnd < 0 || tailStart >= next) return letThrough(Kind.parse, server, at);
    if (nameEnd === at + 5) {
      return this.#parseUnnamed(bytes, at, tailStart, next, server, parameters);
    }
    const name = bytes.toString('latin1', at + 5, nameEnd);
    const known = this.#named?.get(name);
    if (known === undefined && !this.hasRoomFor(next - at)) {
      this.refuse(server);
    } else if (known === undefined) {
      const statement = isShareable(bytes, tailStart, next)
        ? this.#contextOf(parameters).share(bytes, tailStart, next)
        : new Statement(Buffer.from(bytes.subarray(tailStart, next)));
      this.set(name, statement);
      this.#parseShared(statement, server, () => {
        if (this.#named?.get(name) === statement) this.delete(name);
      });
    } else {
      this.#parseAgain(name, known, server);
    }
    return next;
  }

  /** As in PostgreSQL, an error that the connection survives: the server itself says so. */
  #parseAgain(name: string, known: Statement, server: PooledServer): void {
    this.#ensure(known, server);
    writeParse(this.#out, known.serverName, emptyTail);
    const rename = { from: known.serverName, to: Buffer.from(name, 'latin1').toString() };
    // It has forgotten the name just now, in what is still on its way, and has this nothing in its place.
    const done = (): void => {
      server.prepared.delete(known);
      server.prepared.doubt(known, false);
    };
    server.expect(Kind.parse, { undo: nothingToUndo, done, rename });
  }

  #parseUnnamed(
    bytes: Buffer,
    at: number,
    tailStart: number,
    next: number,
    server: PooledServer,
    parameters: ParameterSet,
  ): number {
    const mayShare =
      this.#pool.pooler.settings.cache_unnamed_statements && isShareable(bytes, tailStart, next);
    const shared = mayShare
      ? this.#contextOf(parameters).shareRepeated(bytes, tailStart, next)
      : null;
    const before = this.#unnamed;
    if (shared !== null) {
      this.#unnamed = shared;
      this.#parseShared(shared, server, (wasTried) => {
        if (this.#unnamed === shared) this.#unnamed = wasTried ? null : before;
      });
      return next;
    }
    const isKept = this.hasRoomFor(next - at);
    const tail = isKept ? Buffer.from(bytes.subarray(tailStart, next)) : null;
    if (!isKept) this.#client.keepServer('statement too long to keep');
    const unnamed = new UnnamedStatement(tail);
    const ofServer = server.prepared.unnamed;
    this.#unnamed = unnamed;
    server.prepared.setUnnamed(unnamed);
    this.#pool.traffic.serverParses++;
    const undo = (wasTried: boolean): void => {
      if (this.#unnamed === unnamed) this.#unnamed = wasTried ? null : before;
      if (server.prepared.unnamed === unnamed) {
        server.prepared.setUnnamed(wasTried ? null : ofServer);
      }
    };
    server.expect(Kind.parse, { undo });
    return at;
  }

  /** A statement that the server may have from another client, or from before. */
  #parseShared(statement: Statement, server: PooledServer, undoName: Mark['undo']): void {
    if (server.prepared.has(statement)) {
      if (!server.refusesRequests) return server.expect(Kind.parse | fake, { undo: undoName });
      writeParse(this.#out, statement.serverName, statement.tail);
      return server.expect(Kind.parse, { undo: undoName });
    }
    this.#pool.traffic.serverParses++;
    server.prepared.clear(statement);
    writeParse(this.#out, statement.serverName, statement.tail);
    const undo = (wasTried: boolean): void => {
      server.prepared.delete(statement);
      undoName(wasTried);
    };
    server.expect(Kind.parse, { undo });
    server.prepared.add(statement, this.#most);
  }

  #bind(bytes: Buffer, at: number, next: number, length: number, server: PooledServer): number {
    const seen = Math.min(next, length);
    const portalEnd = bytes.indexOf(0, at + 5);
    const nameEnd = portalEnd < 0 ? -1 : bytes.indexOf(0, portalEnd + 1);
    if (portalEnd < 0 || nameEnd < 0 || nameEnd >= seen) {
      return next > length ? notEnough : letThrough(Kind.bind, server, at);
    }
    this.#pool.traffic.binds++;
    const name = this.#serverNameOf(bytes, portalEnd + 1, nameEnd, server);
    server.expect(Kind.bind, this.#useMark);
    if (name === null) return at;
    const head = { bytes, portalStart: at + 5, portalEnd };
    writeBindHead(this.#out, head, name, next - nameEnd - 1);
    return nameEnd + 1;
  }

  #describe(bytes: Buffer, at: number, next: number, server: PooledServer): number {
    const isStatement = bytes[at + 5] === statementKind;
    const nameEnd = bytes.indexOf(0, at + 6);
    if (!isStatement || nameEnd < 0 || nameEnd >= next) {
      return letThrough(Kind.describe, server, at);
    }
    const name = this.#serverNameOf(bytes, at + 6, nameEnd, server);
    server.expect(Kind.describe, this.#useMark);
    if (name === null) return at;
    writeDescribeStatement(this.#out, name);
    return next;
  }

  /** The name is the client's alone: the server keeps the statement for whoever comes next. */
  #close(bytes: Buffer, at: number, next: number, server: PooledServer): number {
    const isStatement = bytes[at + 5] === statementKind;
    const nameEnd = bytes.indexOf(0, at + 6);
    if (!isStatement || nameEnd < 0 || nameEnd >= next) return letThrough(Kind.close, server, at);
    const name = bytes.toString('latin1', at + 6, nameEnd);
    const before = name === '' ? this.#unnamed : this.#named?.get(name);
    if (name === '') this.#unnamed = null;
    else this.delete(name);
    const undo = (): void => {
      // What a later pipeline has made in the meantime stays.
      if (name === '') this.#unnamed ??= before ?? null;
      else if (before instanceof Statement && !this.#named?.has(name)) this.set(name, before);
    };
    server.expect(Kind.close | fake, { undo });
    return next;
  }

  /**
   * The name under which the server knows the client's statement `bytes[start, end)`, which it has afterwards.
   *
   * @returns null: as the client says, because the server has it unnamed, or is to say that there is none
   */
  #serverNameOf(bytes: Buffer, start: number, end: number, server: PooledServer): string | null {
    this.#useMark = null;
    if (start === end) {
      const unnamed = this.#unnamed;
      if (unnamed instanceof Statement) return this.#ensure(unnamed, server);
      server.prepared.ensureUnnamed(unnamed);
      return null;
    }
    const name = bytes.toString('latin1', start, end);
    const statement = this.#named?.get(name);
    if (statement !== undefined) return this.#ensure(statement, server);
    return name.startsWith(serverNamePrefix) ? `${serverNamePrefix}?` : null;
  }

  #ensure(statement: Statement, server: PooledServer): string {
    if (server.prepared.ensure(statement, this.#most, true)) this.#pool.traffic.serverParses++;
    else this.#useMark = server.markUse(statement);
    return statement.serverName;
  }

  get #most(): number {
    return this.#pool.pooler.settings.max_prepared_statements;
  }

  #contextOf(parameters: ParameterSet): PlanContext {
    this.#context ??= this.#pool.pooler.statements.contextOf(this.#user, parameters);
    return this.#context;
  }
}

const refusedMark: Mark = { undo: nothingToUndo, error: outOfMemory };

function sizeOf(name: string, statement: Statement): number {
  return entryBytes + name.length + statement.keptBytes;
}

/** A malformed message: the server finds the words for it. */
function letThrough(kind: number, server: PooledServer, at: number): number {
  server.expect(kind);
  return at;
}
