import { afterEach, describe, expect, test } from 'vitest';
import { isSluiceError } from '../../../src/errors/index.ts';
import { armFailpoint } from '../../../src/service/index.ts';
import { majors, postgres, runSluice, waitFor, within } from '../../kit/index.ts';
import { eventsOf, followed, moveAll, removeSlots, walDatabases, type Databases } from './wal.ts';

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);
  let databases: Databases | null = null;

  const prepare = async (): Promise<Databases> => {
    databases = await walDatabases(server);
    return databases;
  };
  const open = async (): Promise<Databases> => {
    const prepared = await prepare();
    await moveAll(prepared);
    return prepared;
  };
  afterEach(async () => {
    if (databases) await removeSlots(databases);
    databases = null;
  });

  test('events arrive with all their fields, in commit order, and none of those rolled back', async () => {
    const { source, target } = await open();
    const late = await source.client();
    await late.query("begin; select pgq.insert_event('orders', 'placed', 'late')");
    const lsn = await source.value(
      `select pgq.insert_event('orders', 'pl,a"ced', E'two\nlines\t\\\\', '', null, '(', 'é')`,
    );
    await source.query("begin; select pgq.insert_event('orders', 'placed', 'never'); rollback");
    await source.query(
      `begin; select pgq.insert_event('orders', 't', '1'); savepoint s;
       select pgq.insert_event('orders', 't', 'undone'); rollback to s;
       select pgq.insert_event('orders', 't', '2'); commit`,
    );
    await late.query('commit');
    const committed = await source.value<Date>('select clock_timestamp()');
    await moveAll({ source, target });
    expect(typeof lsn).toBe('string');
    expect(await eventsOf({ source, target })).toEqual(['two\nlines\t\\', '1', '2', 'late']);
    const [first] = await target.rows(
      'select ev_time, ev_type, ev_extra1, ev_extra2, ev_extra3, ev_extra4, ev_owner, ev_retry from pgq.event_1 order by ev_id limit 1',
    );
    expect(first).toEqual({
      ev_time: expect.any(Date),
      ev_type: 'pl,a"ced',
      ev_extra1: '',
      ev_extra2: null,
      ev_extra3: '(',
      ev_extra4: 'é',
      ev_owner: null,
      ev_retry: null,
    });
    expect(Math.abs(Number(first!['ev_time']) - Number(committed))).toBeLessThan(60_000);
    expect(await source.value('select count(*)::int from pgq.event_1')).toBe(0);
  });

  test('inserts are refused until somebody follows: no event goes nowhere', async () => {
    const { source, target } = await prepare();
    const insert = () => source.query("select pgq.insert_event('orders', 't', '1')");
    await expect(insert()).rejects.toThrow('Insert into queue disallowed');
    await moveAll({ source, target });
    await insert();
    await expect(
      source.query("select pgq.insert_event_at('orders', now() + interval '1 h', 't', '1')"),
    ).rejects.toThrow('Insert into queue disallowed');
    await expect(source.query("select pgq.register_consumer('orders', 'c')")).rejects.toThrow(
      'No ticks for this queue',
    );
    await moveAll({ source, target });
    expect(await eventsOf({ source, target })).toEqual(['1']);
  });

  test('its insert is inlined, beside queues with tables', async () => {
    const { source } = await open();
    await source.query("select pgq.create_queue('plain')");
    const explain = 'explain (verbose, costs off) select pgq.insert_event';
    const plan = await source.rows(
      `${explain}('orders', 't', n::text) from generate_series(1, 2) n`,
    );
    expect(JSON.stringify(plan)).toContain('pg_logical_emit_message');
    expect(JSON.stringify(plan)).not.toContain('insert_event');
    expect(await source.value("select pgq.insert_event('plain', 't', '1')")).toBe('1');
    await expect(source.query("select pgq.insert_event('none', 't', '1')")).rejects.toThrow(
      'No such queue',
    );
  });

  test('a transaction of 10,000 events arrives whole or not at all', async () => {
    const { source, target } = await open();
    await source.query(
      `select pgq.insert_event('orders', 't', n || repeat('x', 1000)) from generate_series(1, 10000) n`,
    );
    const failpoint = armFailpoint('wal.before-commit', 'throw');
    await expect(moveAll({ source, target })).rejects.toThrow();
    expect(await eventsOf({ source, target })).toHaveLength(0);
    failpoint.release();
    await moveAll({ source, target });
    const txids = await target.rows(
      'select count(distinct ev_txid)::int as n, count(*)::int as events from pgq.event_1',
    );
    expect(txids).toEqual([{ n: 1, events: 10_000 }]);
  });

  test.each(['wal.before-copy', 'wal.before-commit', 'wal.after-commit', 'wal.after-confirm'])(
    'fails at %s, and goes on with every event once',
    async (point) => {
      const { source, target } = await open();
      for (const data of ['1', '2', '3']) {
        await source.query("select pgq.insert_event('orders', 't', $1)", [data]);
      }
      const failpoint = armFailpoint(point, 'throw');
      await expect(moveAll({ source, target })).rejects.toThrow();
      failpoint.release();
      await source.query("select pgq.insert_event('orders', 't', '4')");
      await moveAll({ source, target });
      expect(await eventsOf({ source, target })).toEqual(['1', '2', '3', '4']);
    },
  );

  test('messages that are no events are kept with the reason, and nobody stops', async () => {
    const { source, target } = await open();
    await source.query(
      `select pg_logical_emit_message(true, 'pgq:orders', 'nonsense'),
              pg_logical_emit_message(true, 'pgq:orders', '\\x28ff00'::bytea),
              pg_logical_emit_message(false, 'pgq:orders', '(now,1,,,,)'),
              pg_logical_emit_message(true, 'pgq:other', '(a,1,,,,)'),
              pg_logical_emit_message(true, 'somebody else''s', ''),
              pgq.insert_event('orders', 't', '1')`,
    );
    const queue = await moveAll({ source, target });
    expect(await eventsOf({ source, target })).toEqual(['1']);
    expect(queue.status()).toMatchObject({ events: 1, deadLetters: 2 });
    expect(
      await target.rows(
        'select co_name, dead_reason, dead_tries, ev_data from pgq.dead_event join pgq.consumer on co_id = dead_consumer order by ev_id',
      ),
    ).toEqual([
      {
        co_name: 'wal:orders',
        dead_reason: 'the message is not the text of a row',
        dead_tries: 1,
        ev_data: 'nonsense',
      },
      {
        co_name: 'wal:orders',
        dead_reason: 'the message is not text',
        dead_tries: 1,
        ev_data: '\\x28ff00',
      },
    ]);
    const listed = await runSluice(['queue', 'dead', 'orders', '--db', target.url]);
    expect(listed.stdout).toContain('wal:orders');
  });

  test('an idle queue lets the slot go on', async () => {
    const { source, target } = await open();
    const flushed = () =>
      source.value<string>('select confirmed_flush_lsn - $1::pg_lsn from pg_replication_slots', [
        '0/0',
      ]);
    const before = Number(await flushed());
    const queue = followed({ source, target });
    queue.start();
    await queue.ready;
    await source.query(
      'create table busy as select repeat(md5(n::text), 20) from generate_series(1, 20000) n',
    );
    await waitFor('the slot to move', async () => Number(await flushed()) > before + 4_000_000);
    await queue.stop();
    expect(await eventsOf({ source, target })).toEqual([]);
  });

  test('two processes: one works, the other takes over', async () => {
    const { source, target } = await open();
    const [first, second] = [followed({ source, target }), followed({ source, target })];
    first.start();
    await first.ready;
    second.start();
    await waitFor('the second to stand by', () => second.status().state === 'standing by');
    await source.query("select pgq.insert_event('orders', 't', '1')");
    await waitFor('the event', async () => (await eventsOf({ source, target })).length === 1);
    await first.stop();
    await within('the second', second.ready);
    await source.query("select pgq.insert_event('orders', 't', '2')");
    await waitFor('the event', async () => (await eventsOf({ source, target })).length === 2);
    await second.stop();
  });

  test('its events go to one target', async () => {
    const { source } = await open();
    const other = await walDatabases(server);
    await expect(moveAll({ source, target: other.target })).rejects.toMatchObject({
      code: 'QUEUE_WAL_TAKEN',
    });
    await expect(moveAll({ source: other.source, target: other.source })).rejects.toMatchObject({
      code: 'QUEUE_WAL_TARGET',
    });
    await expect(
      moveAll({ source: other.target, target: other.source }, { targetQueue: 'x' }),
    ).rejects.toMatchObject({
      code: 'QUEUE_WAL_NONE',
    });
  });

  test('into another queue of the same database', async () => {
    const { source } = await prepare();
    const same = { source, target: source };
    await moveAll(same, { targetQueue: 'taken' });
    await source.query("select pgq.insert_event('orders', 't', '1')");
    await moveAll(same, { targetQueue: 'taken' });
    expect(await eventsOf(same, 'taken')).toEqual(['1']);
  });

  test('a slot that is gone, and a target that forgot, stop it', async () => {
    const { source, target } = await open();
    await removeSlots({ source, target });
    const lost = await moveAll({ source, target }).catch((error: unknown) => error);
    expect(isSluiceError(lost, 'QUEUE_WAL_LOST')).toBe(true);
    await target.query('truncate sluice.pipeline cascade');
    await expect(moveAll({ source, target })).rejects.toMatchObject({ code: 'QUEUE_WAL_LOST' });
  });

  test('the queue is not dropped over its slot', async () => {
    const { source, target } = await open();
    await expect(source.query("select pgq.drop_queue('orders')")).rejects.toThrow(
      'its slot would keep the WAL',
    );
    await removeSlots({ source, target });
    await source.query("select pgq.drop_queue('orders')");
    await expect(source.query("select pgq.insert_event('orders', 't', '1')")).rejects.toThrow(
      'No such queue',
    );
    await source.query('drop publication if exists sluice_none');
  });

  test('roles that are no superusers follow and publish; others are kept from writing messages', async () => {
    const { source, target } = await prepare();
    const emit = `pg_logical_emit_message(boolean, text, text${major >= 17 ? ', boolean' : ''})`;
    await source.query(
      `create role follower login replication in role pgq_admin;
       create role producer in role pgq_writer; create role guest;
       grant create on database ${source.name} to follower;
       revoke execute on function ${emit} from public; grant execute on function ${emit} to pgq_writer`,
    );
    await target.query(`grant create on database ${target.name} to follower`);
    try {
      const options = { source: asFollower(source.url), target: asFollower(target.url) };
      await moveAll({ source, target }, options);
      await source.query("set role producer; select pgq.insert_event('orders', 't', '1')");
      await source.query('set role guest');
      await expect(
        source.query("select pg_logical_emit_message(true, 'pgq:orders', '(a,b,,,,)')"),
      ).rejects.toMatchObject({ code: '42501' });
      await source.query('reset role');
      await moveAll({ source, target }, options);
      expect(await eventsOf({ source, target })).toEqual(['1']);
    } finally {
      await source.query('reset role; drop owned by follower, producer, guest');
      await target.query('drop owned by follower');
      await source.query('drop role follower, producer, guest');
    }
  });
});

function asFollower(url: string): string {
  return url.replace('//postgres', '//follower');
}
