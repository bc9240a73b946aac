/** How many of everything the shop has. */
export interface ShopSize {
  readonly customers: number;
  readonly products: number;
  readonly coupons: number;
  readonly orders: number;
  readonly baskets: number;
  readonly visits: number;
}

/** What makes 1.2 M rows: some seconds to make, some to copy. */
export const defaultRows = 1_200_000;

/** Below this, writers meet on the same rows more often than they find any. */
export const leastRows = 1_200;

/** Sizes that come to about so many rows over all tables: three stocks a product, 2.5 items an order. */
export function planShop(rows: number): ShopSize {
  const part = (ofTwelveHundred: number): number => Math.round((rows * ofTwelveHundred) / 1200);
  return {
    customers: part(100),
    products: part(20),
    coupons: part(1),
    orders: part(200),
    baskets: part(20),
    visits: part(299),
  };
}
