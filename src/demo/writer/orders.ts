import { inTurn, type ShopTransaction, type Till } from './transaction.ts';

export const orders: readonly ShopTransaction[] = [
  { name: 'place an order', weight: 40, run: placeOrder },
  { name: 'take an order after a coupon failed', weight: 5, run: placeAfterRollback },
  {
    name: 'pay and pack an order',
    weight: 10,
    run: (till) =>
      till.change(`update shop.orders set status = 'packed', note = null where id = $1`, [
        till.pick(till.size.orders),
      ]),
  },
  {
    name: 'ship an order',
    weight: 10,
    run: (till) =>
      till.change(`update shop.orders set status = 'shipped', shipped_at = now() where id = $1`, [
        till.pick(till.size.orders),
      ]),
  },
  {
    name: 'delete an order and, by its foreign key, its items',
    weight: 5,
    run: (till) =>
      till.change('delete from shop.orders where id = $1', [till.pick(till.size.orders)]),
  },
  {
    name: 'number the items of an order anew: part of a composite key changes',
    weight: 4,
    run: (till) =>
      till.change('update shop.order_item set line = line + 10 where order_id = $1', [
        till.pick(till.size.orders),
      ]),
  },
];

async function placeOrder(till: Till): Promise<number> {
  const products = till.pickSeveral(till.pick(4), till.size.products);
  const [order] = await till.read(
    `insert into shop.orders (customer_id, total)
     select id, 0 from shop.customer where id = $1 returning id as value`,
    [till.pick(till.size.customers)],
  );
  return await inTurn(
    () =>
      till.change(
        `insert into shop.order_item (order_id, line, product_id, quantity, price)
         select $1, row_number() over (order by id), id, $3::int, price
         from shop.product where id = any ($2::int[])`,
        [order, products, till.pick(3)],
      ),
    () =>
      till.change(
        `update shop.orders set status = 'paid',
           total = (select sum(amount) from shop.order_item where order_id = $1) where id = $1`,
        [order],
      ),
    () =>
      till.change(
        `update shop.stock set quantity = quantity - 1
         where warehouse = $1 and product_id = any ($2::int[])`,
        [till.pick(3), products],
      ),
  );
}

/** What was rolled back to the savepoint must not arrive. */
async function placeAfterRollback(till: Till): Promise<number> {
  await till.change('savepoint coupon');
  await till.change(
    `update shop.coupon set percent = 99 where code = (select min(code) from shop.coupon)`,
  );
  await till.change('rollback to savepoint coupon');
  return await placeOrder(till);
}
