import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-prepared-20',
  protocol: 'prepared',
  clients: 20,
  goal: 0.9,
});
