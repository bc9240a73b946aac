import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-prepared-200',
  protocol: 'prepared',
  clients: 200,
  goal: 0.9,
});
