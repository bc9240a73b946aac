import { randomBytes } from 'node:crypto';
import type { ShopTransaction } from './transaction.ts';

export const goods: readonly ShopTransaction[] = [
  {
    name: 'change a price: a long description beside it stays as it is and is not in the stream',
    weight: 12,
    run: (till) =>
      till.change(
        `update shop.product set price = round(price * $2::numeric, 2) + 0.01, changed_at = now(),
           attributes = attributes || jsonb_build_object('season', $3::int) where id = $1`,
        [till.pick(till.size.products), 0.9 + till.pick(20) / 100, till.pick(4)],
      ),
  },
  {
    name: 'describe a product at length',
    weight: 3,
    run: (till) =>
      till.change('update shop.product set description = $2, sizes = $3 where id = $1', [
        till.pick(till.size.products),
        randomBytes(2_500).toString('base64'),
        [till.pick(40), till.pick(40)],
      ]),
  },
  {
    name: 'restock',
    weight: 10,
    run: (till) => {
      const first = till.pick(till.size.products);
      return till.change(
        `update shop.stock set quantity = quantity + 50, counted_at = now()
         where warehouse = $1 and product_id between $2 and $2 + 9`,
        [till.pick(3), first],
      );
    },
  },
  {
    name: 'print a coupon anew: its key changes',
    weight: 4,
    run: (till) =>
      till.change(
        `update shop.coupon set code = $2, valid = daterange(current_date, current_date + 30)
         where code = (select code from shop.coupon order by code offset $1 limit 1)`,
        [till.pick(till.size.coupons) - 1, `N${randomBytes(8).toString('hex')}`],
      ),
  },
];
