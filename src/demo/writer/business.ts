import { goods } from './goods.ts';
import { orders } from './orders.ts';
import { people } from './people.ts';
import type { ShopTransaction, Till } from './transaction.ts';

/** All that happens on an ordinary day. */
export const business: readonly ShopTransaction[] = [...orders, ...goods, ...people];

const totalWeight = business.reduce((sum, { weight }) => sum + weight, 0);

/** One of them, the heavier the likelier. */
export function choose(till: Till): ShopTransaction {
  let at = till.pick(totalWeight);
  for (const transaction of business) {
    at -= transaction.weight;
    if (at <= 0) return transaction;
  }
  throw new Error('invariant: the dice show no more than the sum of all weights');
}
