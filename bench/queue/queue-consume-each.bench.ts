import { consumer } from '../../src/queue/index.ts';
import { consumeBench } from './consume.ts';

export default consumeBench({
  name: 'queue-consume-each',
  handled: 'event by event, each with its own outcome',
  goal: 60_000,
  consumer: (count) => consumer({ queue: 'orders', name: 'bench', onEvent: () => count(1) }),
});
