// Keeps a table of another database in step with a source: how many orders each customer has.
//
//   SOURCE_URL=... TARGET_URL=... npx node examples/count-orders.ts
//
// Before the first run:
//
//   ALTER TABLE public.orders REPLICA IDENTITY FULL;                             -- in the source
//   CREATE TABLE public.order_count (customer_id bigint PRIMARY KEY, orders int) -- in the target
//
// The first tells whose order it was that changed or went: else an update or delete brings the key alone.
//
// The counts and the position commit in one transaction of the target, so that each order counts exactly once,
// whenever this program dies. The handler gets a `pg` client: whatever builds SQL for `pg` works in it.
import type { Client } from 'pg';
import { followInto, type Row } from '../src/replicate/index.ts';
import { required, untilInterrupted } from './settings.ts';

const countOrders = `
  INSERT INTO public.order_count AS c (customer_id, orders) VALUES ($1, $2)
  ON CONFLICT (customer_id) DO UPDATE SET orders = c.orders + excluded.orders`;

await followInto(
  {
    source: required('SOURCE_URL'),
    positions: required('TARGET_URL'),
    name: 'count_orders',
    tables: ['public.orders'],
    signal: untilInterrupted(),
  },
  async (transaction, tx) => {
    for await (const change of transaction.changes()) {
      if (change.kind === 'truncate') await tx.query('TRUNCATE public.order_count');
      if (change.kind === 'delete' || change.kind === 'update') await count(tx, change.before, -1);
      if (change.kind === 'insert' || change.kind === 'update') await count(tx, change.row, 1);
    }
  },
);

/** REPLICA IDENTITY FULL of public.orders sees to it that `before` holds all columns, not the key alone. */
async function count(tx: Client, row: Row | null, orders: number): Promise<void> {
  await tx.query(countOrders, [row?.get('customer_id'), orders]);
}
