import type { Delivery } from '../sink.ts';

export function natsDelivery(stream: string): Delivery {
  return {
    guarantee: 'effectively-once',
    dependsOn: `stream ${stream} knows the ids of all that is sent again: it is started again within its duplicate window`,
    order: 'total',
  };
}
