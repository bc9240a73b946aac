/** What is counted, in the order in which SHOW STATS shows it. Times are microseconds. */
export const counterNames = [
  'serverAssignments',
  'transactions',
  'queries',
  'received',
  'sent',
  'transactionUs',
  'queryUs',
  'waitUs',
  'clientParses',
  'serverParses',
  'binds',
  'clientLogins',
] as const;

export type CounterName = (typeof counterNames)[number];
export type Counters = Readonly<Record<CounterName, number>>;
