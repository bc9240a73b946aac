import { randomInt } from 'node:crypto';
import type { Client } from 'pg';
import type { ShopSize } from '../shop/size.ts';

/** Something that happens in a shop; runs inside a transaction of its own. */
export interface ShopTransaction {
  readonly name: string;
  /** How often it happens, compared with the others. */
  readonly weight: number;
  /** Returns how many rows it changed. */
  run(till: Till): Promise<number>;
}

/** Where a transaction is rung up: a connection, and dice that know how big the shop is. */
export class Till {
  readonly #client: Client;
  readonly size: ShopSize;

  constructor(client: Client, size: ShopSize) {
    this.#client = client;
    this.size = size;
  }

  /** Runs one statement and returns how many rows it changed. */
  async change(sql: string, values: readonly unknown[] = []): Promise<number> {
    const { rowCount } = await this.#client.query(sql, [...values]);
    return rowCount ?? 0;
  }

  /** Runs one statement and returns the column `value` of its rows, as text. */
  async read(sql: string, values: readonly unknown[] = []): Promise<string[]> {
    const { rows } = await this.#client.query<{ value: unknown }>(sql, [...values]);
    return rows.map((row) => String(row.value));
  }

  /** 1..limit, every number as likely: what identifiers of the shop run through. */
  pick(limit: number): number {
    return randomInt(1, limit + 1);
  }

  /** So many different ones, in ascending order: whoever locks them in this order waits for nobody twice. */
  pickSeveral(count: number, limit: number): number[] {
    const picked = new Set(Array.from({ length: count }, () => this.pick(limit)));
    return [...picked].toSorted((a, b) => a - b);
  }
}

/** The rows of several statements, run one after the other. */
export async function inTurn(...changes: readonly (() => Promise<number>)[]): Promise<number> {
  let rows = 0;
  for (const change of changes) rows += await change();
  return rows;
}
