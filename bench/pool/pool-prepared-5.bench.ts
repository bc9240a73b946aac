import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-prepared-5',
  protocol: 'prepared',
  clients: 5,
  goal: 0.9,
});
