import { runSql } from '../../test/kit/sql.ts';
import type { Bench, Measured } from '../kit/bench.ts';
import { prepareQueues, queuePeer, type QueueDatabases } from './databases.ts';

const events = 300_000;

const bench: Bench = {
  name: 'queue-insert-bulk',
  about:
    `insert_event of ${events.toLocaleString('en-US')} events of some 60 bytes in one statement: our schema pgq ` +
    'in PL/pgSQL against the original extension in C, on one PostgreSQL 15, each in a database of its own. The ' +
    'queue is rotated empty before each run.',
  runs: 5,
  comparisons: [{ metric: 'seconds', unit: 's', better: 'lower', peer: queuePeer, goal: 1.3 }],
  async setUp() {
    const databases = await prepareQueues();
    return {
      ours: { name: 'sluice', measure: () => measure(databases.ours) },
      peers: [{ name: queuePeer, measure: () => measure(databases.original) }],
      versions: databases.versions,
      [Symbol.asyncDispose]: () => databases[Symbol.asyncDispose](),
    };
  },
};
export default bench;

async function measure(url: QueueDatabases['ours']): Promise<Measured> {
  await runSql(url, emptyQueue);
  const startedAt = performance.now();
  await runSql(
    url,
    `SELECT count(pgq.insert_event('orders', 'placed', '{"order":' || n || ',"customer":"somebody","total":12.50}'))
       FROM generate_series(1, ${events}) AS n`,
  );
  return { seconds: (performance.now() - startedAt) / 1000 };
}

const emptyQueue = 'TRUNCATE pgq.event_1_0, pgq.event_1_1, pgq.event_1_2; CHECKPOINT';
