import { consumer } from '../../src/queue/index.ts';
import { consumeBench } from './consume.ts';

export default consumeBench({
  name: 'queue-consume-batch',
  handled: 'batch by batch, in the transaction that finishes the batch',
  goal: 300_000,
  consumer: (count) =>
    consumer({ queue: 'orders', name: 'bench', onBatch: (events) => count(events.length) }),
});
