// Places an order, and publishes that it was placed: both happen, or neither.
//
//   SHOP_URL=... npx node examples/place-order.ts ann 12.50
//
// Before the first run: the queue (`sluice queue install` and `sluice queue create orders`), and
//
//   CREATE TABLE public.orders (id serial PRIMARY KEY, customer text NOT NULL, total numeric NOT NULL)
import { Client } from 'pg';
import { producer } from '../src/queue/index.ts';
import { OrderEvents } from './order-events.ts';
import { required } from './settings.ts';

const [customer = 'ann', total = '10'] = process.argv.slice(2);
const orders = producer({ queue: 'orders', schema: OrderEvents });

const client = new Client({ connectionString: required('SHOP_URL') });
await client.connect();
await client.query('BEGIN');
const { rows } = await client.query<{ id: number }>(
  'INSERT INTO public.orders (customer, total) VALUES ($1, $2) RETURNING id',
  [customer, total],
);
const order = rows[0]!.id;
await orders.insert(client, { type: 'placed', data: { order, customer, total: Number(total) } });
await client.query('COMMIT');
await client.end();
console.log(`order ${order} of ${customer}`);
