import { randomUUID } from 'node:crypto';
import { inTurn, type ShopTransaction, type Till } from './transaction.ts';

export const people: readonly ShopTransaction[] = [
  {
    name: 'register a customer',
    weight: 6,
    run: (till) =>
      till.change(
        `insert into shop.customer (email, name, tags) values ($1, 'Ülo Õun', '{newsletter,"two words"}')`,
        [`${randomUUID()}@example.com`],
      ),
  },
  {
    name: 'change what a customer prefers',
    weight: 8,
    run: (till) =>
      till.change(
        `update shop.customer set preferences = preferences || '{"dark": true}', balance = balance + 0.01,
           tags = array_append(tags, $2::text) where id = $1 and cardinality(tags) < 9`,
        [till.pick(till.size.customers), `tag${till.pick(9)}`],
      ),
  },
  { name: 'two customers swap their unique addresses', weight: 2, run: swapAddresses },
  {
    name: 'browse',
    weight: 20,
    run: (till) =>
      till.change(
        `insert into shop.visit (channel, customer_id, address, page, spent)
         select (array['web', 'app', 'kiosk'])[1 + n % 3], $1, '10.1.2.3', '/p/' || n, n * interval '1 second'
         from generate_series(1, $2::int) n`,
        [till.pick(till.size.customers), till.pick(8)],
      ),
  },
  {
    name: 'a visit turns out to be from elsewhere: its row moves to another partition',
    weight: 3,
    run: (till) =>
      till.change(
        `update shop.visit set channel = case channel when 'web' then 'app' else 'web' end
         where (channel, id) in (select channel, id from shop.visit order by at desc limit 2)`,
      ),
  },
  {
    name: 'put into the basket, and take out what is old',
    weight: 10,
    run: (till) =>
      inTurn(
        () =>
          till.change(
            `insert into shop.basket (customer_id, product_id)
             select id, $2 from shop.customer where id = $1`,
            [till.pick(till.size.customers), till.pick(till.size.products)],
          ),
        () =>
          till.change(
            'delete from shop.basket where id in (select id from shop.basket order by id limit 1)',
          ),
      ),
  },
];

/** No order of the two rows alone is possible: one address is in use until the other row has given it up. */
async function swapAddresses(till: Till): Promise<number> {
  const pair = till.pickSeveral(2, till.size.customers);
  const [first, second] = await till.read(
    'select email as value from shop.customer where id = any ($1::bigint[]) order by id for update',
    [pair],
  );
  if (first === undefined || second === undefined) return 0;
  const move = (id: number | undefined, email: string) => (): Promise<number> =>
    till.change('update shop.customer set email = $2 where id = $1', [id, email]);
  return await inTurn(
    move(pair[0], `moving ${first}`),
    move(pair[1], first),
    move(pair[0], second),
  );
}
