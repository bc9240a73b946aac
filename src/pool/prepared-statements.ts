import { Kind, skip, type Expectations, type Mark } from './expectations.ts';
import { writeCloseStatement, writeParse, writeQuery, writeRun } from './requests.ts';
import { SqlStatement, UnnamedStatement, type Statement } from './statements.ts';
import type { TellStatement } from './takeover/packed.ts';
import type { MessageBuffer } from '../wire/index.ts';

/**
 * The statements that one server has, or will have when what was written to it is done.
 *
 * They are marked when their Parse is written, so that the next Bind of the same pipeline finds them, and
 * unmarked when the server never came to that Parse.
 */
export class PreparedStatements {
  /** In the order of their last use. */
  readonly #statements = new Set<Statement>();
  readonly #expected: Expectations;
  readonly #out: MessageBuffer;
  /** What may be there although it is not in the set: closed before it is parsed. */
  readonly #doubtful = new Set<Statement>();
  #unnamed: UnnamedStatement | null = null;

  constructor(expected: Expectations, out: MessageBuffer) {
    this.#expected = expected;
    this.#out = out;
  }

  get count(): number {
    return this.#statements.size;
  }

  /** For another process. */
  pack(tell: TellStatement): { statements: string[]; doubtful: string[] } {
    return { statements: [...this.#statements].map(tell), doubtful: [...this.#doubtful].map(tell) };
  }

  /** What the server has from its time with another process. */
  unpack(statements: readonly Statement[], doubtful: readonly Statement[]): void {
    for (const statement of statements) this.#statements.add(statement);
    for (const statement of doubtful) this.#doubtful.add(statement);
    // It may have one that is nobody's here.
    this.#unnamed = new UnnamedStatement(Buffer.alloc(0));
  }

  has(statement: Statement): boolean {
    return this.#statements.has(statement);
  }

  /**
   * Makes sure that the server has it, by a request of ours where it has not: inside a pipeline by one that leaves
   * the pipeline's transaction open.
   *
   * @returns whether one was needed
   */
  ensure(statement: Statement, most: number, isPipelined: boolean): boolean {
    if (this.#statements.has(statement)) {
      this.#touch(statement, most);
      return false;
    }
    this.clear(statement);
    const mark: Mark = { undo: () => this.#statements.delete(statement) };
    if (statement instanceof SqlStatement && isPipelined) {
      writeRun(this.#out, statement.prepareSql);
      this.#unnamed = null;
      for (const kind of [Kind.parse, Kind.bind]) this.#expected.push(kind | skip);
      this.#expected.push(Kind.execute | skip, mark);
      this.#expected.push(Kind.close | skip);
    } else if (statement instanceof SqlStatement) {
      writeQuery(this.#out, statement.prepareSql, 'latin1');
      this.#unnamed = null;
      this.#expected.push(Kind.query | skip, mark);
    } else {
      writeParse(this.#out, statement.serverName, statement.tail);
      this.#expected.push(Kind.parse | skip, mark);
    }
    this.add(statement, most);
    return true;
  }

  /** Before its Parse is written: what may be there under its name is closed. */
  clear(statement: Statement): void {
    if (this.#doubtful.delete(statement)) this.#close(statement);
  }

  /** Its Parse is being written. Over the limit, the one that was not used for the longest time is closed. */
  add(statement: Statement, most: number): void {
    this.#statements.add(statement);
    if (this.#statements.size <= most) return;
    for (const oldest of this.#statements) {
      this.#close(oldest);
      return;
    }
  }

  delete(statement: Statement): void {
    this.#statements.delete(statement);
  }

  /** The text that was to drop it has failed. @param isThere  it is there still; else it may be */
  doubt(statement: Statement, isThere: boolean): void {
    if (isThere) this.#statements.add(statement);
    else this.#doubtful.add(statement);
  }

  /** The statement that has no name just now. */
  get unnamed(): UnnamedStatement | null {
    return this.#unnamed;
  }

  setUnnamed(unnamed: UnnamedStatement | null): void {
    this.#unnamed = unnamed;
  }

  /** Before a Bind or Describe without a name: the server's is this client's, or none. */
  ensureUnnamed(unnamed: UnnamedStatement | null): void {
    if (this.#unnamed === unnamed) return;
    const before = this.#unnamed;
    const mark: Mark = {
      undo: (wasTried) => {
        if (this.#unnamed === unnamed) this.#unnamed = wasTried ? null : before;
      },
    };
    const tail = unnamed?.tail ?? null;
    if (tail === null) {
      writeCloseStatement(this.#out, '');
      this.#expected.push(Kind.close | skip, mark);
    } else {
      writeParse(this.#out, '', tail);
      this.#expected.push(Kind.parse | skip, mark);
    }
    this.#unnamed = unnamed;
  }

  /** A simple Query takes the place of the unnamed statement. */
  forgetUnnamed(): void {
    this.#unnamed = null;
  }

  /** The server has said that it does not have it. */
  forget(serverName: string): void {
    for (const statement of this.#statements) {
      if (statement.serverName === serverName) this.#statements.delete(statement);
    }
  }

  forgetAll(): void {
    this.#statements.clear();
    this.#doubtful.clear();
    this.#unnamed = null;
  }

  #close(statement: Statement): void {
    this.#statements.delete(statement);
    writeCloseStatement(this.#out, statement.serverName);
    this.#expected.push(Kind.close | skip, { undo: () => this.#statements.add(statement) });
  }

  /** Only a server that is nearly full needs to know which it used last. */
  #touch(statement: Statement, most: number): void {
    if (this.#statements.size * 2 <= most) return;
    this.#statements.delete(statement);
    this.#statements.add(statement);
  }
}
