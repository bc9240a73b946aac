import type { ProgressTask } from '../../service/index.ts';
import { Session } from '../../session/index.ts';
import { loadSql, loadStatements } from './sql.ts';
import type { ShopSize } from './size.ts';

export interface MadeShop {
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
}

interface Statement {
  readonly sql: string;
  readonly values?: readonly number[];
  readonly rows?: number;
}

/** A connection for each core of a small machine: statements that make rows wait for nothing else. */
const lanes = 2;

/** The tables, their keys and indexes, without rows: what the target has. */
export async function makeEmptyShop(url: string, signal: AbortSignal): Promise<void> {
  await using session = await Session.connect(url, { purpose: 'demo', signal });
  for (const name of ['tables', 'keys', 'indexes']) await session.query(loadSql(name));
}

/** The same, with rows: set-based, and keys and indexes only after them. */
export async function makeShop(
  url: string,
  size: ShopSize,
  task: ProgressTask,
  signal: AbortSignal,
): Promise<MadeShop> {
  await using session = await Session.connect(url, { purpose: 'demo', signal });
  await session.query(loadSql('tables'));
  const fills = fillStatements(size);
  task.expect({ rows: fills.reduce((sum, { rows = 0 }) => sum + rows, 0) });
  task.status('making rows');
  await runSideBySide(url, fills, task, signal);
  task.status('building keys and indexes');
  for (const name of ['keys', 'indexes']) {
    const statements = loadStatements(name).map((sql) => ({ sql }));
    await runSideBySide(url, statements, task, signal);
  }
  await session.query(loadSql('settle'));
  const { rows } = await session.query(loadSql('measure'));
  const [measured] = rows;
  return {
    tables: Number(measured?.['tables']),
    rows: Number(measured?.['rows']),
    bytes: Number(measured?.['bytes']),
  };
}

/** The longest first, so that none is left to run alone at the end. */
function fillStatements(size: ShopSize): Statement[] {
  const { customers, products, coupons, orders, baskets, visits } = size;
  return [
    fill('order-item', orders * 2.5, [orders, products]),
    fill('visit', visits, [visits, customers]),
    fill('customer', customers, [customers]),
    fill('product', products, [products]),
    fill('orders', orders, [orders, customers]),
    fill('stock', products * 3, [products]),
    fill('basket', baskets, [baskets, customers, products]),
    fill('coupon', coupons, [coupons]),
  ];
}

function fill(table: string, rows: number, values: readonly number[]): Statement {
  return { sql: loadSql(`fill-${table}`), values, rows };
}

/** Statements that do not need one another, in order, on as many connections as there are lanes. */
async function runSideBySide(
  url: string,
  statements: readonly Statement[],
  task: ProgressTask,
  signal: AbortSignal,
): Promise<void> {
  const left = [...statements];
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const lane = async (): Promise<void> => {
    // Sorting in memory is what makes an index of this size fast.
    const settings = { maintenance_work_mem: '256MB' };
    await using session = await Session.connect(url, { purpose: 'demo', settings, signal: either });
    using _ = onAbort(either, () => session.destroy());
    for (let next = left.shift(); next && !either.aborted; next = left.shift()) {
      await session.query(next.sql, next.values);
      if (next.rows !== undefined) task.advance({ rows: next.rows });
    }
  };
  const work = Array.from({ length: lanes }, () =>
    lane().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.all(work).catch(async (error: unknown) => {
    await Promise.allSettled(work);
    signal.throwIfAborted();
    throw error;
  });
}

function onAbort(signal: AbortSignal, run: () => void): Disposable {
  signal.addEventListener('abort', run, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', run) };
}
