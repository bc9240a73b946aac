import { quoteIdentifier } from '../session/index.ts';
import { sqlStatements, type SqlToken } from './sql-tokens.ts';
import { serverNamePrefix, SqlStatement, type Statement } from './statements.ts';

/** What a text with PREPARE, EXECUTE, DEALLOCATE in it becomes on a server. */
export interface RewrittenQuery {
  readonly text: string;
  /** What the server must have before; what it has afterwards; what it has no more. */
  readonly needs: readonly Statement[];
  readonly makes: readonly SqlStatement[];
  readonly drops: readonly Statement[];
  /** Client's names: made and dropped by the text, in this order. */
  readonly names: readonly { readonly name: string; readonly statement: SqlStatement | null }[];
  /** An error of the server may name the statement so; the client knows it as `to`. */
  readonly rename: { readonly from: string; readonly to: string } | null;
  /** The text is a single statement: when it fails, nothing of it was done. */
  readonly isOne: boolean;
}

/**
 * Writes the client's names of prepared statements as the servers know them.
 *
 *     PREPARE a AS SELECT 1; EXECUTE a   ->   PREPARE "SLUICE_7" AS SELECT 1; EXECUTE "SLUICE_7"
 *
 * @param text  a character a byte: the client's bytes, whatever its encoding
 * @param find  a statement that the client has by this name
 * @returns null: the text names none, or only such as the client does not have; the server says so
 */
export function rewritePrepared(
  text: string,
  find: (name: string) => Statement | undefined,
): RewrittenQuery | null {
  if (!/prepare|execute|deallocate/i.test(text)) return null;
  const rewriting = new Rewriting(text, find);
  const statements = sqlStatements(text);
  for (const statement of statements) rewriting.take(statement);
  return rewriting.result(statements.length === 1);
}

/** What EXPLAIN explains: behind ANALYZE, VERBOSE or options in parentheses. */
function explained(tokens: readonly SqlToken[]): readonly SqlToken[] {
  let at = 1;
  if (tokens[1]?.kind === 'symbol' && tokens[1].text === '(') {
    at = tokens.findIndex(({ kind, text }) => kind === 'symbol' && text === ')') + 1;
  }
  while (tokens[at]?.text === 'analyze' || tokens[at]?.text === 'verbose') at++;
  return tokens[at]?.text === 'execute' ? tokens.slice(at) : [];
}

class Rewriting {
  readonly #text: string;
  readonly #find: (name: string) => Statement | undefined;
  readonly #own = new Map<string, Statement | null>();
  readonly #cuts: { start: number; end: number; by: string }[] = [];
  readonly #needs: Statement[] = [];
  readonly #makes: SqlStatement[] = [];
  readonly #drops: Statement[] = [];
  readonly #names: { name: string; statement: SqlStatement | null }[] = [];
  #rename: { from: string; to: string } | null = null;

  constructor(text: string, find: (name: string) => Statement | undefined) {
    this.#text = text;
    this.#find = find;
  }

  take(tokens: readonly SqlToken[]): void {
    const [first, second, third] = tokens;
    if (first?.kind !== 'word' || second === undefined) return;
    if (first.text === 'prepare') this.#prepare(second, tokens);
    else if (first.text === 'explain') this.take(explained(tokens));
    else if (first.text === 'execute') this.#use(second, false);
    else if (first.text === 'deallocate') {
      const named = second.kind === 'word' && second.text === 'prepare' ? third : second;
      if (named !== undefined && !(named.kind === 'word' && named.text === 'all'))
        this.#use(named, true);
    }
  }

  result(isOne: boolean): RewrittenQuery | null {
    if (this.#cuts.length === 0) return null;
    let text = '';
    let at = 0;
    for (const { start, end, by } of this.#cuts) {
      text += this.#text.slice(at, start) + by;
      at = end;
    }
    text += this.#text.slice(at);
    return {
      text,
      needs: this.#needs,
      makes: this.#makes,
      drops: this.#drops,
      names: this.#names,
      rename: this.#rename,
      isOne,
    };
  }

  #prepare(name: SqlToken, tokens: readonly SqlToken[]): void {
    // PREPARE TRANSACTION 'gid' is two-phase commit.
    if (name.kind === 'word' && name.text === 'transaction' && tokens[2]?.kind === 'literal')
      return;
    const known = this.#lookUp(name.text);
    if (known !== undefined) {
      // The server finds it there already, and says so.
      this.#needs.push(known);
      this.#replace(name, known, name.text);
      return;
    }
    const end = tokens.at(-1)?.end ?? name.end;
    const statement = new SqlStatement(this.#text.slice(name.end, end));
    this.#makes.push(statement);
    this.#own.set(name.text, statement);
    this.#names.push({ name: name.text, statement });
    this.#replace(name, statement, name.text);
  }

  #use(name: SqlToken, isDropped: boolean): void {
    const known = this.#lookUp(name.text);
    if (known === undefined) {
      // A name of servers is nobody's to a client.
      if (name.text.toLowerCase().startsWith(serverNamePrefix.toLowerCase())) {
        const by = quoteIdentifier(`${serverNamePrefix}?`);
        this.#cuts.push({ start: name.start, end: name.end, by });
      }
      return;
    }
    if (!this.#makes.some((made) => made === known)) this.#needs.push(known);
    if (isDropped) {
      this.#drops.push(known);
      this.#own.set(name.text, null);
      this.#names.push({ name: name.text, statement: null });
    }
    this.#replace(name, known, name.text);
  }

  #lookUp(name: string): Statement | undefined {
    const own = this.#own.get(name);
    return own === undefined ? this.#find(name) : (own ?? undefined);
  }

  #replace(token: SqlToken, statement: Statement, name: string): void {
    this.#cuts.push({
      start: token.start,
      end: token.end,
      by: quoteIdentifier(statement.serverName),
    });
    this.#rename = { from: statement.serverName, to: Buffer.from(name, 'latin1').toString() };
  }
}
