import { inTurn, type ShopTransaction, type Till } from './transaction.ts';

/** What happens once a night, and is hardest to follow. */
export const stocktaking: ShopTransaction = {
  name: 'one large transaction: partners send their visits, and all stock is counted',
  weight: 0,
  run: (till) =>
    inTurn(
      () =>
        till.change(
          `insert into shop.visit (channel, page, address)
           select 'partner', '/p/' || n, inet '192.0.2.0' + n % 250 from generate_series(1, $1::int) n`,
          [Math.ceil(till.size.visits / 6)],
        ),
      // Whoever sells now waits until the counting is over, instead of waiting for each other for ever.
      () => till.change('lock table shop.stock in share row exclusive mode'),
      () => till.change('update shop.stock set quantity = quantity + 1, counted_at = now()'),
    ),
};

export const emptyBaskets: ShopTransaction = {
  name: 'empty all baskets with TRUNCATE, and begin with new ones in the same transaction',
  weight: 0,
  run: (till: Till) =>
    inTurn(
      () => till.change('truncate shop.basket restart identity'),
      () =>
        till.change(
          `insert into shop.basket (customer_id, product_id)
           select id, $1 from shop.customer order by id limit 20`,
          [till.pick(till.size.products)],
        ),
    ),
};
