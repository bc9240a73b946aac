import { expect, test } from 'vitest';
import { installScript, QueueKeeper } from '../../../src/queue/index.ts';
import { Metrics, silentLog } from '../../../src/service/index.ts';
import { anyMajor, postgres, waitFor } from '../../kit/index.ts';

const server = postgres(anyMajor);

test('events that cannot be brought back keep no queue from its ticks and its maintenance', async () => {
  const db = await server.database(installScript());
  await db.query(`
    select pgq.create_queue('q');
    select pgq.register_consumer('q', 'c');
    select pgq.event_retry_raw('q', 'c', now(), null, now(), 0, 't', 'broken', null, null, null, null);
    create function public.refuse() returns trigger language plpgsql as
      'begin if new.ev_data = ''broken'' then raise exception ''no room''; end if; return new; end';
    create trigger refuse before insert on pgq.event_1_0 for each row execute function public.refuse()`);
  const warnings: string[] = [];
  const warn = (_message: string, fields?: Record<string, unknown>): number =>
    warnings.push(String(fields?.['operation']));
  const keeper = new QueueKeeper(
    { database: db.name, connection: db.url, maintenancePeriodMs: 50 },
    { log: { ...silentLog, warn }, metrics: new Metrics() },
  );
  keeper.start();
  await waitFor('a second try', async () =>
    Promise.resolve(warnings.filter((name) => name === 'maint_retry_events').length > 1),
  );
  await db.query(`select pgq.insert_event_at('q', now() + interval '100 ms', 't', 'late')`);
  await waitFor('its batch', async () => {
    const batch = await db.value(`select pgq.next_batch('q', 'c')`);
    return batch !== null;
  });
  expect(keeper.status().state).toBe('keeping');
  await keeper.stop();
});
