import { ServerError, SluiceError } from '../errors/index.ts';
import {
  BackendTag,
  decodeCommandComplete,
  decodeErrorFields,
  decodeRowDescription,
  decodeTextRow,
  MessageWriter,
  type OnFrame,
} from '../wire/index.ts';
import type { Link } from './link.ts';

/** A value for a `$n` of a statement. A Buffer goes as binary, null as NULL, the rest as text. */
export type QueryValue = string | number | bigint | boolean | Buffer | null;

export interface QueryResult {
  /** Text as the server prints it; null is NULL. Further columns of one name are called `name 2`, `name 3`. */
  readonly rows: Record<string, string | null>[];
  /** Null for commands that count nothing. */
  readonly rowCount: number | null;
}

/**
 * Runs SQL and collects the rows of its last statement.
 *
 * @param values  with them (even none) the extended protocol: one statement; without, several may be given
 * @throws ServerError  after the server is ready again: the session goes on
 */
export async function runQuery(
  link: Link,
  text: string,
  values?: readonly QueryValue[],
): Promise<QueryResult> {
  const collector = new ResultCollector(link, values !== undefined);
  const message = values === undefined ? simpleQuery(text) : extendedQuery(text, values);
  await link.submit([message], 1, collector.onFrame);
  return collector.finish();
}

function simpleQuery(text: string): Buffer {
  return new MessageWriter({ initialBytes: text.length + 64 }).query(text).take();
}

function extendedQuery(text: string, values: readonly QueryValue[]): Buffer {
  return new MessageWriter()
    .parse('', text)
    .bind('', '', values.map(encodeValue))
    .describe('portal', '')
    .execute('')
    .sync()
    .take();
}

function encodeValue(value: QueryValue): Buffer | string | null {
  return value === null || Buffer.isBuffer(value) ? value : String(value);
}

function numbered(names: readonly string[]): readonly string[] {
  if (new Set(names).size === names.length) return names;
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let number = 2; taken.has(unique); number++) unique = `${name} ${number}`;
    taken.add(unique);
    return unique;
  });
}

/** Puts one submission's replies together. */
class ResultCollector {
  readonly #link: Link;
  readonly #isExtended: boolean;
  #columns: readonly string[] = [];
  #rows: Record<string, string | null>[] = [];
  #rowCount: number | null = null;
  #error: Error | null = null;

  constructor(link: Link, isExtended: boolean) {
    this.#link = link;
    this.#isExtended = isExtended;
  }

  readonly onFrame: OnFrame = (tag, bytes, start, end) => {
    switch (tag) {
      case BackendTag.rowDescription:
        this.#columns = numbered(decodeRowDescription(bytes, start, end).map(({ name }) => name));
        this.#rows = [];
        return;
      case BackendTag.dataRow:
        this.#rows.push(this.#toRow(decodeTextRow(bytes, start, end)));
        return;
      case BackendTag.commandComplete:
        this.#completeStatement(bytes, start, end);
        return;
      case BackendTag.errorResponse:
        this.#error ??= new ServerError(decodeErrorFields(bytes, start, end), this.#link.place);
        return;
      case BackendTag.copyInResponse:
        this.#link.write(this.#copyFail());
        this.#refuseCopy();
        return;
      case BackendTag.copyOutResponse:
        this.#refuseCopy();
        return;
      case BackendTag.copyBothResponse:
        // Only the end of the connection ends a stream that nobody reads.
        throw this.#refuseCopy();
      default:
    }
  };

  finish(): QueryResult {
    if (this.#error !== null) throw this.#error;
    return { rows: this.#rows, rowCount: this.#rowCount };
  }

  /** A statement without rows does not inherit those of the one before it. */
  #completeStatement(bytes: Buffer, start: number, end: number): void {
    this.#rowCount = decodeCommandComplete(bytes, start, end).rowCount;
    if (this.#columns.length === 0) this.#rows = [];
    this.#columns = [];
  }

  #toRow(cells: readonly (string | null)[]): Record<string, string | null> {
    const row: Record<string, string | null> = {};
    for (let i = 0; i < this.#columns.length; i++) row[this.#columns[i] ?? ''] = cells[i] ?? null;
    return row;
  }

  /** A server that is in COPY has swallowed the Sync that came with the statement. */
  #copyFail(): Buffer {
    const writer = new MessageWriter().copyFail('no data comes by this way');
    return (this.#isExtended ? writer.sync() : writer).take();
  }

  #refuseCopy(): Error {
    this.#error ??= new SluiceError('SESSION_COPY_IN_QUERY', { place: this.#link.place });
    return this.#error;
  }
}
