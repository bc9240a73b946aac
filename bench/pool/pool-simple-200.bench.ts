import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-simple-200',
  protocol: 'simple',
  clients: 200,
  goal: 0.9,
});
