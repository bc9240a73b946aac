// Writes a letter for each order that was placed, exactly once: the letter and the consumer's position commit together.
//
//   npm run -s sluice -- queue run examples/mailer.ts --db "$SHOP_URL" --ticker
//
// Before the first run:
//
//   CREATE TABLE public.letters (customer text NOT NULL, body text NOT NULL)
import { consumer } from '../src/queue/index.ts';
import { OrderEvents } from './order-events.ts';

export default consumer({
  queue: 'orders',
  name: 'mailer',
  schema: OrderEvents,
  otherTypes: 'skip',
  async onEvent(event, tx) {
    if (event.type !== 'placed') return;
    const { customer, order, total } = event.data;
    const body = `Thank you for order ${order}: ${total.toFixed(2)}`;
    await tx.query('INSERT INTO public.letters (customer, body) VALUES ($1, $2)', [customer, body]);
  },
});
