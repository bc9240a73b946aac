import type { Mark } from './expectations.ts';
import type { ParameterSet } from './parameters.ts';
import type { PackedStatement } from './takeover/packed.ts';

/** No client can name a statement so: names that begin with it are renamed before a server sees them. */
export const serverNamePrefix = 'SLUICE_';

/** Statements kept for one meaning of the settings; the oldest makes room. */
const mostStatements = 2_000;
/** Combinations of user and settings, of which an application has a handful. */
const mostContexts = 200;

let lastNumber = 0;
let generation = 0;

/**
 * Statements made from now on have names that no process before this one has given: servers that it has handed
 * over have statements under its names.
 *
 * @param number  how many processes have handed over before
 */
export function beginGeneration(number: number): void {
  generation = number;
}

/** How many processes have handed over to this one, each to the next. */
export function currentGeneration(): number {
  return generation;
}

function newServerName(): string {
  const ofProcess = generation === 0 ? '' : `${generation}_`;
  return `${serverNamePrefix}${ofProcess}${++lastNumber}`;
}

/** A statement under the name that servers know it by. */
export class Statement {
  readonly serverName: string;
  /** Everything of its Parse message after the name: text, zero byte, parameter types. */
  readonly tail: Buffer;

  /** @param serverName  default: a new one */
  constructor(tail: Buffer, serverName: string = newServerName()) {
    this.tail = tail;
    this.serverName = serverName;
  }

  /** What keeping it takes. */
  get keptBytes(): number {
    return this.tail.length;
  }

  pack(): PackedStatement {
    return { serverName: this.serverName, tail: this.tail, definition: null };
  }
}

export function unpackStatement({ serverName, tail, definition }: PackedStatement): Statement {
  return definition === null
    ? new Statement(tail, serverName)
    : new SqlStatement(definition, serverName);
}

/** A client's statements by its own names. */
export interface NamedStatements {
  find(name: string): Statement | undefined;
  set(name: string, statement: Statement): void;
  delete(name: string): void;
  hasRoomFor(bytes: number): boolean;
  /** What is sent for a text whose statements there is no room for. */
  readonly refused: { readonly text: string; readonly mark: Mark };
}

/** A statement that SQL made: `PREPARE name (types) AS ...`. */
export class SqlStatement extends Statement {
  /** Everything after the name. */
  readonly definition: string;

  constructor(definition: string, serverName?: string) {
    super(Buffer.alloc(0), serverName);
    this.definition = definition;
  }

  override pack(): PackedStatement {
    return { ...super.pack(), definition: this.definition };
  }

  override get keptBytes(): number {
    return this.definition.length;
  }

  get prepareSql(): string {
    return `PREPARE "${this.serverName}" ${this.definition}`;
  }
}

/** An unnamed statement that is kept as it was parsed, to be parsed again on another server. */
export class UnnamedStatement {
  /** Null: it was too long to be kept. */
  readonly tail: Buffer | null;

  constructor(tail: Buffer | null) {
    this.tail = tail;
  }
}

/** Statements that mean the same to everybody: one user, the same settings, no literal in quotes. */
export class PlanContext {
  readonly #statements = new Map<string, Statement>();
  #seenOnce = new Set<string>();

  /** The shared statement of a text; made when it is new. */
  share(bytes: Buffer, start: number, end: number): Statement {
    const key = bytes.toString('latin1', start, end);
    const known = this.#statements.get(key);
    return known ?? this.#add(key, Buffer.from(bytes.subarray(start, end)));
  }

  /**
   * The shared statement of a text that came without a name; null the first time, because a text that
   * never comes again would only push out others.
   */
  shareRepeated(bytes: Buffer, start: number, end: number): Statement | null {
    const key = bytes.toString('latin1', start, end);
    const known = this.#statements.get(key);
    if (known !== undefined) return known;
    if (this.#seenOnce.delete(key)) return this.#add(key, Buffer.from(bytes.subarray(start, end)));
    if (this.#seenOnce.size >= mostStatements) this.#seenOnce = new Set();
    this.#seenOnce.add(key);
    return null;
  }

  #add(key: string, tail: Buffer): Statement {
    const statement = new Statement(tail);
    this.#statements.set(key, statement);
    if (this.#statements.size > mostStatements) dropOldest(this.#statements);
    return statement;
  }
}

/** Every shared statement of a pooler. */
export class StatementCache {
  readonly #contexts = new Map<string, PlanContext>();

  contextOf(user: string, parameters: ParameterSet): PlanContext {
    const key = `${user}\0${parameters.planKey}`;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = new PlanContext();
      this.#contexts.set(key, context);
      if (this.#contexts.size > mostContexts) dropOldest(this.#contexts);
    }
    return context;
  }
}

const quote = 0x27;
const dollar = 0x24;

/** Larger texts are their client's own: what is kept for all of them stays within some 30 MB. */
const longestShared = 16 * 1024;

/**
 * Whether a text means the same to everybody: it holds no literal in quotes, whose meaning is settled when it
 * is parsed ('now'). `$1` is a parameter; a dollar that no digit follows may begin a quote.
 */
export function isShareable(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > longestShared) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === quote || (byte === dollar && !isDigit(bytes[at + 1]!))) return false;
  }
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function dropOldest<K>(map: Map<K, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
