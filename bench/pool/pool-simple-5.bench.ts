import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-simple-5',
  protocol: 'simple',
  clients: 5,
  goal: 0.9,
});
