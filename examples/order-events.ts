// What happens to orders: the events of queue `orders`, for those who insert them and those who get them.
import { z } from 'zod';

export const OrderEvents = {
  placed: z.object({ order: z.int(), customer: z.string(), total: z.number() }),
  cancelled: z.object({ order: z.int() }),
};
