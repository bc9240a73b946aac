import { expect, test } from 'vitest';
import { Metrics } from '../../src/service/index.ts';

const rows = {
  room: 'replicate',
  thing: 'applied',
  unit: 'rows',
  help: 'Rows applied.',
  labels: ['pipeline'],
} as const;

test('names say room, thing and unit, and counters end in total', async () => {
  const metrics = new Metrics();
  metrics.counter(rows).add({ pipeline: 'shop' }, 5);
  metrics
    .gauge({ room: 'stream', thing: 'lag', unit: 'bytes', help: 'Behind.', labels: ['pipeline'] })
    .set({ pipeline: 'shop' }, 7);
  metrics
    .histogram({ room: 'stream', thing: 'flush', unit: 'seconds', help: 'Flush.' })
    .observe({}, 0.002);
  const text = await metrics.text();
  expect(text).toContain('sluice_replicate_applied_rows_total{pipeline="shop"} 5');
  expect(text).toContain('sluice_stream_lag_bytes{pipeline="shop"} 7');
  expect(text).toContain('sluice_stream_flush_seconds_bucket{le="0.0025"} 1');
  expect(text).toContain('sluice_stream_flush_seconds_bucket{le="0.001"} 0');
});

test('a second pipeline declares the same metric and shares it', async () => {
  const metrics = new Metrics();
  metrics.counter(rows).add({ pipeline: 'a' });
  metrics.counter(rows).add({ pipeline: 'b' }, 2);
  expect(await metrics.value('sluice_replicate_applied_rows_total', { pipeline: 'a' })).toBe(1);
  expect(await metrics.value('sluice_replicate_applied_rows_total', { pipeline: 'b' })).toBe(2);
});

test('declaring a name as another kind or with other labels is refused', () => {
  const metrics = new Metrics();
  metrics.gauge({ room: 'a', thing: 'b', unit: 'rows', help: 'x' });
  const conflict: unknown = expect.objectContaining({ code: 'SERVICE_METRIC_CONFLICT' });
  expect(() => metrics.histogram({ room: 'a', thing: 'b', unit: 'rows', help: 'x' })).toThrow(
    conflict,
  );
  expect(() =>
    metrics.gauge({ room: 'a', thing: 'b', unit: 'rows', help: 'x', labels: ['l'] }),
  ).toThrow(conflict);
});

test('two assemblies share nothing', async () => {
  const first = new Metrics();
  const second = new Metrics();
  first.counter(rows).add({ pipeline: 'shop' });
  expect(await second.text()).not.toContain('sluice_replicate_applied_rows_total{');
});

test('a label set that is gone is forgotten', async () => {
  const metrics = new Metrics();
  const gauge = metrics.gauge({ ...rows, thing: 'waiting' });
  gauge.set({ pipeline: 'shop' }, 3);
  gauge.remove({ pipeline: 'shop' });
  expect(
    await metrics.value('sluice_replicate_waiting_rows', { pipeline: 'shop' }),
  ).toBeUndefined();
});

test('collected families are read with the page, foreign names as they are, ours by the rule', async () => {
  const metrics = new Metrics();
  let count = 0;
  const forget = metrics.collect(() => [
    {
      name: { foreignName: 'pgbouncer_up' },
      kind: 'gauge',
      help: 'x',
      samples: [{ labels: {}, value: ++count }],
    },
    {
      name: { room: 'pool', thing: 'wait', unit: 'seconds' },
      kind: 'histogram',
      help: 'two\nlines',
      samples: [{ labels: { database: 'a"b\\c' }, bounds: [0.1, 1], counts: [2, 0, 1], sum: 5 }],
    },
  ]);
  await metrics.text();
  expect(await metrics.text()).toBe(`
# HELP pgbouncer_up x
# TYPE pgbouncer_up gauge
pgbouncer_up 2

# HELP sluice_pool_wait_seconds two\\nlines
# TYPE sluice_pool_wait_seconds histogram
sluice_pool_wait_seconds_bucket{database="a\\"b\\\\c",le="0.1"} 2
sluice_pool_wait_seconds_bucket{database="a\\"b\\\\c",le="1"} 2
sluice_pool_wait_seconds_bucket{database="a\\"b\\\\c",le="+Inf"} 3
sluice_pool_wait_seconds_sum{database="a\\"b\\\\c"} 5
sluice_pool_wait_seconds_count{database="a\\"b\\\\c"} 3
`);
  expect(await metrics.value('pgbouncer_up')).toBe(3);
  forget();
  expect(await metrics.text()).not.toContain('pgbouncer_up');
});
