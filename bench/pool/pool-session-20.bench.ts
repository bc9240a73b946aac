import { throughputBench } from './throughput.ts';

export default throughputBench({
  name: 'pool-session-20',
  protocol: 'prepared',
  clients: 20,
  goal: 0.9,
  isSession: true,
});
