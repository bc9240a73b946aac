import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-simple-20',
  protocol: 'simple',
  clients: 20,
  goal: 0.9,
});
