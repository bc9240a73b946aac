import { expect, test } from 'vitest';
import { poolMetrics } from '../../../src/pool/index.ts';
import { Metrics } from '../../../src/service/index.ts';
import { postgres } from '../../kit/index.ts';
import { startScene } from '../scene.ts';

const server = postgres();

test('the page has the names and labels that dashboards of pgbouncer_exporter ask for', async () => {
  const database = await server.database();
  const pool = await startScene({
    databases: { app: database.url },
    settings: { pool_mode: 'transaction', max_client_conn: 77, reserve_pool_size: 3 },
  });
  const client = await pool.client('app');
  for (let i = 0; i < 5; i++) await client.query('SELECT 1');
  const metrics = new Metrics();
  metrics.collect(() => poolMetrics(pool.consoles));

  const place = {
    name: 'app',
    host: '127.0.0.1',
    port: String(server.port),
    database: database.name,
  };
  const labels = { ...place, force_user: '', pool_mode: '' };
  const ofPool = { database: 'app', user: 'postgres' };
  const values: [string, Record<string, string>, unknown][] = [
    ['pgbouncer_up', {}, 1],
    ['pgbouncer_config_max_client_connections', {}, 77],
    ['pgbouncer_used_clients', {}, 1],
    ['pgbouncer_databases_pool_size', labels, 20],
    ['pgbouncer_databases_reserve_pool', labels, 3],
    ['pgbouncer_databases_current_connections', labels, 1],
    ['pgbouncer_databases_paused', labels, 0],
    ['pgbouncer_pools_client_active_connections', ofPool, 1],
    ['pgbouncer_pools_client_waiting_connections', ofPool, 0],
    ['pgbouncer_pools_server_idle_connections', ofPool, 1],
    ['pgbouncer_pools_client_maxwait_seconds', ofPool, 0],
    ['pgbouncer_stats_totals_queries_pooled_total', { database: 'app' }, 5],
    ['pgbouncer_stats_totals_sql_transactions_pooled_total', { database: 'app' }, 5],
    ['pgbouncer_stats_totals_received_bytes_total', { database: 'app' }, 70],
  ];
  for (const [name, of, wanted] of values) expect(await metrics.value(name, of), name).toBe(wanted);
  const took = await metrics.value('pgbouncer_stats_totals_queries_duration_seconds_total', {
    database: 'app',
  });
  expect(took).toBeGreaterThan(0);
  expect(took).toBeLessThan(5);

  const text = await metrics.text();
  expect(text).toContain('# TYPE pgbouncer_stats_totals_queries_pooled_total counter\n');
  expect(text).toContain('# TYPE sluice_pool_query_seconds histogram\n');
  expect(text).toContain(
    'sluice_pool_query_seconds_bucket{database="app",user="postgres",le="+Inf"} 5\n',
  );
  expect(text).toContain('sluice_pool_query_seconds_count{database="app",user="postgres"} 5\n');
  expect(text).toContain(
    'sluice_pool_transaction_seconds_count{database="app",user="postgres"} 5\n',
  );
  // Every line is one that Prometheus reads.
  const wrong = text.split('\n').filter((line) => !/^(#.*|[a-z_]+(\{.*\})? \S+|)$/.test(line));
  expect(wrong).toEqual([]);
});
