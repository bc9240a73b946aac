import { Metrics, silentLog } from '../../src/service/index.ts';
import { installScript, WalQueue } from '../../src/queue/index.ts';
import { runSql } from '../../test/kit/sql.ts';
import type { Bench, Measured } from '../kit/bench.ts';
import { prepareQueues, queuePeer } from './databases.ts';

const events = 300_000;

const bench: Bench = {
  name: 'queue-wal-insert',
  about:
    `insert_event of ${events.toLocaleString('en-US')} events of some 60 bytes in one statement: into a queue of ours ` +
    'that lives in the WAL, against the original extension in C, on one PostgreSQL 15, each in a database of its own. ' +
    "Also, without a peer: seconds until the last of them is in the target's queue, in the same server.",
  runs: 5,
  comparisons: [{ metric: 'seconds', unit: 's', better: 'lower', peer: queuePeer, goal: 8 }],
  async setUp() {
    const databases = await prepareQueues({ wal_level: 'logical' });
    const target = await databases.server.createDatabase('target');
    await runSql(databases.ours, `SELECT pgq.create_wal_queue('wal')`);
    await runSql(target, installScript());
    const queue = new WalQueue(
      { queue: 'wal', source: databases.ours, target },
      { log: silentLog, metrics: new Metrics() },
    );
    queue.start();
    await queue.ready;
    return {
      ours: { name: 'sluice', measure: () => measureOurs(databases.ours, target) },
      peers: [
        {
          name: queuePeer,
          measure: async () => {
            await runSql(databases.original, emptyQueue);
            return { seconds: await insert(databases.original, 'orders') };
          },
        },
      ],
      versions: databases.versions,
      async [Symbol.asyncDispose]() {
        await queue.stop();
        await databases[Symbol.asyncDispose]();
      },
    };
  },
};
export default bench;

async function measureOurs(source: string, target: string): Promise<Measured> {
  await runSql(target, emptyQueue);
  const startedAt = performance.now();
  const seconds = await insert(source, 'wal');
  while ((await arrived(target)) < events);
  return { seconds, arrivedSeconds: (performance.now() - startedAt) / 1000 };
}

async function insert(url: string, queue: string): Promise<number> {
  const startedAt = performance.now();
  await runSql(
    url,
    `SELECT count(pgq.insert_event('${queue}', 'placed', '{"order":' || n || ',"customer":"somebody","total":12.50}'))
       FROM generate_series(1, ${events}) AS n`,
  );
  return (performance.now() - startedAt) / 1000;
}

async function arrived(target: string): Promise<number> {
  const [row] = await runSql(target, 'SELECT count(*)::int AS n FROM pgq.event_1');
  return Number(row!['n']);
}

const emptyQueue = 'TRUNCATE pgq.event_1_0, pgq.event_1_1, pgq.event_1_2; CHECKPOINT';
