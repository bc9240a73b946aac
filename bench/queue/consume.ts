import { startLocalServer, type LocalServer } from '../../src/demo/index.ts';
import { installScript, runConsumer, type ConsumerDefinition } from '../../src/queue/index.ts';
import { runSql } from '../../test/kit/sql.ts';
import type { Bench, Comparison, Measured } from '../kit/bench.ts';
import { versionOf } from '../kit/servers.ts';
import {
  bossBatching,
  bossDefault,
  graphileBatching,
  graphileDefault,
  perSecond,
} from './rivals.ts';

const transactions = 500;
const eventsPerTransaction = 2000;
const events = transactions * eventsPerTransaction;

interface ConsumeBench {
  readonly name: string;
  readonly handled: string;
  readonly goal: number;
  readonly consumer: (count: (events: number) => void) => ConsumerDefinition;
}

/** A backlog handed to a handler that does nothing, by ours and by the others. */
export function consumeBench({ name, handled, goal, consumer }: ConsumeBench): Bench {
  const comparisons = ['graphile-worker', 'pg-boss', batchingGraphile, batchingBoss].map(
    (peer): Comparison => ({
      metric: 'rate',
      unit: 'events/s',
      better: 'higher',
      peer,
      ...(!peer.includes(',') && { goal: 10 }),
    }),
  );
  return {
    name,
    about:
      `A backlog handed to a handler that does nothing, ${handled}: ${events.toLocaleString('en-US')} events of some 60 ` +
      `bytes, ${eventsPerTransaction.toLocaleString('en-US')} a transaction (goal ${goal.toLocaleString('en-US')} a ` +
      'second). graphile-worker and pg-boss as they come and with their batching, on fewer jobs, each in a database of ' +
      'its own on the same server.',
    runs: 3,
    comparisons,
    async setUp() {
      const server = await startLocalServer({
        major: 17,
        settings: { shared_buffers: '1GB', max_wal_size: '8GB', checkpoint_timeout: '30min' },
      });
      try {
        const url = await filledQueue(server);
        const [one, two, three, four] = await Promise.all(
          ['one', 'two', 'three', 'four'].map((database) => server.createDatabase(database)),
        );
        return {
          ours: { name: 'sluice', measure: () => consume(url, consumer) },
          peers: [
            graphileDefault({ url: one!, jobs: 3000 }),
            bossDefault({ url: two!, jobs: 3 }),
            graphileBatching({ url: three!, jobs: 20_000 }),
            bossBatching({ url: four!, jobs: 20_000 }),
          ],
          versions: { postgres: await versionOf(server) },
          [Symbol.asyncDispose]: () => server.remove(),
        };
      } catch (error) {
        await server.remove();
        throw error;
      }
    },
  };
}

const batchingGraphile = 'graphile-worker, localQueue 500';
const batchingBoss = 'pg-boss, batchSize 1000';

/** Events that stay: the consumer is put back to the tick before them. */
async function filledQueue(server: LocalServer): Promise<string> {
  const url = await server.createDatabase('sluice');
  await runSql(url, installScript());
  await runSql(
    url,
    `SELECT pgq.create_queue('orders');
     CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN
       FOR i IN 1 .. ${transactions} LOOP
         PERFORM pgq.insert_event('orders', 'placed', '{"order":' || n || ',"customer":"somebody","total":12.50}')
            FROM generate_series(1, ${eventsPerTransaction}) AS n;
         COMMIT;
         IF i % 10 = 0 THEN
           PERFORM * FROM pgq.tick_eagerly(array[1]);
           COMMIT;
         END IF;
       END LOOP;
     END $$`,
  );
  await runSql(url, 'CALL fill()');
  return url;
}

async function consume(url: string, make: ConsumeBench['consumer']): Promise<Measured> {
  let handled = 0;
  const definition = make((count) => (handled += count));
  await runSql(url, `SELECT pgq.register_consumer_at('orders', '${definition.name}', 1)`);
  const startedAt = performance.now();
  await runConsumer(definition, { db: url, once: true });
  const seconds = (performance.now() - startedAt) / 1000;
  if (handled !== events) throw new Error(`${handled} events of ${events} were handled`);
  return perSecond(events, seconds);
}
