import { afterAll, beforeAll } from 'vitest';
import { readDatabase } from '../../src/catalog/index.ts';
import type { PipelineClaim } from '../../src/ledger/index.ts';
import { checkReplication, type CheckOptions } from '../../src/replicate/check/index.ts';
import type { Finding } from '../../src/service/index.ts';
import { anyMajor, majors, postgres, type TestDatabase, type TestServer } from '../kit/index.ts';

export const structure = `
  create schema shop;
  create type shop.mood as enum ('sad', 'ok');
  create table shop.customer (id int primary key, name varchar(20) not null, mood shop.mood);
  create table shop.orders (id bigint primary key, customer int references shop.customer, note text);
`;

export const oldest = majors.at(-1) ?? anyMajor;
export const newest = majors[0] ?? anyMajor;

export interface Setting {
  readonly source?: string;
  readonly target?: string;
}

export type Choice = Omit<CheckOptions, 'source' | 'target'>;

/** Pairs of databases that are ready for one another, but for what a test changes. */
export class Pairs {
  readonly source: TestServer;
  readonly target: TestServer;
  #shared: [TestDatabase, TestDatabase] | null = null;

  /** The oldest server as the source, the newest as the target; theirs live as long as the file. */
  constructor() {
    this.source = postgres(oldest, { max_prepared_transactions: 5 });
    this.target = postgres(newest);
    beforeAll(async () => {
      this.#shared = await this.make();
    });
    afterAll(async () => {
      await Promise.all((this.#shared ?? []).map((db) => db.close()));
    });
  }

  /** A pair of the test's own. */
  async make(setting: Setting = {}): Promise<[TestDatabase, TestDatabase]> {
    const here = await this.source.database(structure);
    const there = await this.target.database(structure);
    await here.query(`set search_path = ''; ${setting.source ?? ''}`);
    await there.query(`set search_path = ''; ${setting.target ?? ''}`);
    return [here, there];
  }

  /** What is found in the file's shared pair with these changes, which are rolled back. */
  async check(setting: Setting = {}, choice: Choice = {}): Promise<Finding[]> {
    const [source, target] = this.#shared ?? [];
    if (!source || !target) throw new Error('the servers are not started');
    await source.query(`begin; ${setting.source ?? ''}`);
    await target.query(`begin; ${setting.target ?? ''}`);
    try {
      return await checkReplication({ source, target, tables: ['shop.*'], ...choice });
    } finally {
      await source.query('rollback');
      await target.query('rollback');
    }
  }
}

/** Pipeline `shop` as it is recorded when it follows this source. */
export async function claimOf(source: TestDatabase): Promise<PipelineClaim> {
  const { systemId, name } = await readDatabase(source);
  const made = { slot: `sluice_${name}`, publication: `sluice_${name}` };
  return { name: 'shop', sourceSystemId: systemId, sourceDatabase: name, ...made };
}

/** `CODE subject` each. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map((one) => `${one.code} ${one.subject}`);
}
