import { qualifiedName } from '../../catalog/index.ts';
import type { Session } from '../../session/index.ts';
import type { CompareUnit } from './compare-unit.ts';
import { rangeNumber } from './ranges.ts';
import { columnOf, rowBytes, type Side } from './row-digest.ts';
import type { RowPlan } from './scan.ts';

/** One row of a range that differs, as its server sends it: in order of range, key and hash. */
export interface RowMark {
  readonly range: number;
  /** Hash of the key; of the row where there is no key. */
  readonly key: bigint;
  readonly hash: bigint;
  /** The key's values as a JSON array of text. */
  readonly keyText: string;
}

/** Rows at a time: keys are below 3 kB (an index entry), so that a batch stays within some MB. */
const batchRows = 2000;

/**
 * Reads the rows of a query batch by batch, through a cursor of the session's transaction. The next batch is
 * on its way while one is looked at.
 */
export class RowMarkReader {
  readonly #session: Session;
  #batch: RowMark[] = [];
  #next = 0;
  #coming: Promise<RowMark[]>;

  private constructor(session: Session) {
    this.#session = session;
    this.#coming = this.#fetch();
  }

  static async open(session: Session, sql: string): Promise<RowMarkReader> {
    await session.query(`DECLARE row_marks NO SCROLL CURSOR FOR ${sql}`);
    const reader = new RowMarkReader(session);
    await reader.refill();
    return reader;
  }

  /** The row to look at; null after the last. */
  get current(): RowMark | null {
    return this.#batch[this.#next] ?? null;
  }

  /** Goes to the next row. False when that is in the next batch: call `refill`. */
  advance(): boolean {
    this.#next++;
    return this.#next < this.#batch.length || this.#batch.length < batchRows;
  }

  async refill(): Promise<void> {
    this.#batch = await this.#coming;
    this.#next = 0;
    if (this.#batch.length === batchRows) this.#coming = this.#fetch();
  }

  async close(): Promise<void> {
    await this.#coming;
    await this.#session.query('CLOSE row_marks');
  }

  #fetch(): Promise<RowMark[]> {
    const fetching = this.#session
      .query(`FETCH ${batchRows} FROM row_marks`)
      .then(({ rows }) => rows.map(toMark));
    // When the other side fails first, nobody asks for this batch any more.
    void Promise.allSettled([fetching]);
    return fetching;
  }
}

export function toMark(row: Record<string, string | null>): RowMark {
  return {
    range: Number(row['range']),
    key: BigInt(row['key'] ?? 0),
    hash: BigInt(row['hash'] ?? 0),
    keyText: row['key_text'] ?? '[]',
  };
}

/** A condition on the rows of a side. */
export type Condition = (side: Side) => string;

/**
 * The statement that yields the rows of some ranges as marks.
 *
 * @param condition with a key, on the table's columns (`t`); without, on the inner query's `h`
 * @param end `ORDER BY` or `LIMIT`
 */
export function marksSql(
  unit: CompareUnit,
  plan: RowPlan,
  side: Side,
  condition: Condition,
  end: string,
): string {
  const { division } = plan;
  const hasKey = division.kind === 'keys';
  const where = hasKey ? condition(side) : 'true';
  const tables = unit[side].map(
    (table) => `(
    SELECT ${innerColumns(plan, side)}
    FROM ONLY ${qualifiedName(table)} AS t WHERE ${where} OFFSET 0)`,
  );
  const columns = hasKey
    ? 'r AS range, k AS key, h AS hash, key_text'
    : `${rangeNumber(division, side, 'h')} AS range, h AS key, h AS hash, '[]' AS key_text`;
  return `
SELECT ${columns}
FROM (${tables.join(' UNION ALL ')}) AS rows ${hasKey ? '' : `WHERE ${condition(side)}`}
${end}`;
}

function innerColumns({ division, digest, columns }: RowPlan, side: Side): string {
  const row = `${digest(rowBytes(columns, side))} AS h`;
  if (division.kind === 'hashes') return row;
  const pairs = division.key.columns.map(({ pair }) => pair);
  const texts = pairs.map((pair) => `${columnOf(pair[side])}::pg_catalog.text`);
  return [
    row,
    `${rangeNumber(division, side, '')} AS r`,
    `${digest(rowBytes(pairs, side))} AS k`,
    `pg_catalog.json_build_array(${texts.join(', ')})::pg_catalog.text AS key_text`,
  ].join(', ');
}
