import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-extended-200',
  protocol: 'extended',
  clients: 200,
  goal: 1.05,
});
