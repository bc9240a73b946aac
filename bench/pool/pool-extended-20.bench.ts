import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-extended-20',
  protocol: 'extended',
  clients: 20,
  goal: 1.05,
});
