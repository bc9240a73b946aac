import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-extended-5',
  protocol: 'extended',
  clients: 5,
  goal: 1.05,
});
