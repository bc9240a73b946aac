import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-session-200',
  protocol: 'prepared',
  clients: 200,
  goal: 0.9,
  isSession: true,
});
