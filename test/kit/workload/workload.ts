import * as fc from 'fast-check';
import type { Client } from 'pg';
import { shapes } from './rows.ts';
import { insertOnlyTables, workloadTables, type WorkloadTable } from './schema.ts';
import * as statements from './statements.ts';
import type { Step } from './statements.ts';

export interface Transaction {
  readonly steps: readonly Step[];
  readonly end: 'COMMIT' | 'ROLLBACK';
}

export interface WorkloadOptions {
  readonly minTransactions?: number;
  readonly maxTransactions?: number;
  readonly maxSteps?: number;
  /** Only these tables are written; default all. */
  readonly tables?: readonly WorkloadTable[];
  /** Statements of thousands of rows too; default true. */
  readonly hasBulk?: boolean;
  /** Default true. */
  readonly hasTruncate?: boolean;
}

/**
 * Random transactions, as SQL: plain data, so that a failing property shrinks to the few statements
 * that matter and prints them. The same seed makes the same program.
 */
export function workload(options: WorkloadOptions = {}): fc.Arbitrary<Transaction[]> {
  const { minTransactions = 5, maxTransactions = 30, maxSteps = 8 } = options;
  const step = stepOf(options);
  const transaction = fc.record({
    steps: fc
      .array(
        fc.oneof({ weight: 6, arbitrary: step.map(alone) }, { weight: 1, arbitrary: undone(step) }),
        {
          minLength: 1,
          maxLength: maxSteps,
        },
      )
      .map((groups) => groups.flat()),
    end: fc.oneof(
      { weight: 9, arbitrary: fc.constant('COMMIT' as const) },
      { weight: 1, arbitrary: fc.constant('ROLLBACK' as const) },
    ),
  });
  return fc.array(transaction, { minLength: minTransactions, maxLength: maxTransactions });
}

/** The workload of one seed, for tests and benches that want the same one every time. */
export function workloadOf(seed: number, options: WorkloadOptions = {}): Transaction[] {
  const [transactions = []] = fc.sample(workload(options), { seed, numRuns: 1 });
  return transactions;
}

/** Run transactions in order. What may fail and does is undone alone; anything else is thrown. */
export async function runWorkload(
  client: Pick<Client, 'query'>,
  transactions: readonly Transaction[],
): Promise<void> {
  for (const transaction of transactions) {
    await client.query('BEGIN');
    try {
      for (const step of transaction.steps) await runStep(client, step);
      await client.query(transaction.end);
    } catch (error) {
      await client.query('ROLLBACK');
      if (!isDeadlock(error)) throw error;
    }
  }
}

function stepOf(options: WorkloadOptions): fc.Arbitrary<Step> {
  const { tables = workloadTables, hasBulk = true, hasTruncate = true } = options;
  const isAllowed = new Set<string>(tables);
  const kinds = shapes
    .filter(({ table }) => isAllowed.has(table))
    .map((shape) => ({ weight: 8, arbitrary: statements.statementsOn(shape) }));
  if (isAllowed.has('work.places')) kinds.push({ weight: 4, arbitrary: statements.uniqueSwap });
  if (isAllowed.has('work.plain')) kinds.push({ weight: 3, arbitrary: statements.deleteAndReturn });
  kinds.push({ weight: 1, arbitrary: statements.logicalMessage });
  if (hasBulk && isAllowed.has('work.plain') && isAllowed.has('work.events')) {
    kinds.push({ weight: 4, arbitrary: statements.bulk });
  }
  if (hasTruncate && workloadTables.every((table) => isAllowed.has(table) || isInsertOnly(table))) {
    kinds.push({ weight: 2, arbitrary: statements.truncate });
    kinds.push({ weight: 1, arbitrary: statements.truncateCascade });
  }
  return fc.oneof(...kinds);
}

function alone(step: Step): Step[] {
  return [step];
}

/** Steps between a savepoint and the return to it: in the WAL, and not to be applied. */
function undone(step: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> {
  return fc
    .tuple(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('ROLLBACK TO s', 'RELEASE s'),
    )
    .map(([steps, end]) => [
      { sql: 'SAVEPOINT s', mayFail: false },
      ...steps,
      { sql: end, mayFail: false },
    ]);
}

async function runStep(client: Pick<Client, 'query'>, step: Step): Promise<void> {
  if (!step.mayFail) {
    await client.query(step.sql);
    return;
  }
  await client.query('SAVEPOINT step');
  try {
    await client.query(step.sql);
    await client.query('RELEASE step');
  } catch (error) {
    if (!isConstraintViolation(error)) throw new Error(`workload: ${step.sql}`, { cause: error });
    await client.query('ROLLBACK TO step');
    await client.query('RELEASE step');
  }
}

function isInsertOnly(table: WorkloadTable): boolean {
  return insertOnlyTables.includes(table);
}

/** Class 23, and 21000: ON CONFLICT DO UPDATE that meets a row twice. */
function isConstraintViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(23|21000)/.test(String(error.code));
}

function isDeadlock(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && 'code' in cause && cause.code === '40P01';
}
