import type { Delivery } from '../sink.ts';

export const kafkaDelivery: Delivery = {
  guarantee: 'at-least-once',
  dependsOn: 'receivers know a repetition by its header Sluice-Id',
  order: 'per-key',
};
