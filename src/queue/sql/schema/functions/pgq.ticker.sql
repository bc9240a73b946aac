-- A tick that an external source numbers.
create or replace function pgq.ticker(
    i_queue_name text,
    i_tick_id bigint,
    i_orig_timestamp timestamptz,
    i_event_seq bigint)
returns bigint as $$
declare
    queue record;
begin
    select * into queue
      from pgq.queue q
     where q.queue_name = i_queue_name
       and q.queue_external_ticker
       and not q.queue_ticker_paused;
    if not found then
        raise exception 'queue not found or ticker disabled: %', i_queue_name;
    end if;
    perform pg_advisory_xact_lock(hashtext('pgq.tick_log'), queue.queue_id);
    insert into pgq.tick_log (tick_queue, tick_id, tick_time, tick_event_seq)
    values (queue.queue_id, i_tick_id, i_orig_timestamp, i_event_seq);
    perform pgq.seq_setval(queue.queue_tick_seq, i_tick_id);
    perform pgq.seq_setval(queue.queue_event_seq, i_event_seq);
    return i_tick_id;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

-- A tick for one queue when its rules ask for one: its id, or null.
create or replace function pgq.ticker(i_queue_name text)
returns bigint as $$
declare
    queue pgq.queue;
    last record;
    had_txid boolean := txid_current_if_assigned() is not null;
    event_seq bigint;
    has_events boolean;
    lag interval;
    last_gap interval;
begin
    select * into queue from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        raise exception 'no such queue';
    end if;
    if queue.queue_external_ticker then
        raise exception 'This queue has external tick source.';
    end if;
    if queue.queue_ticker_paused then
        raise exception 'Ticker has been paused for this queue';
    end if;
    perform pgq._lock_ticks(queue.queue_id);
    event_seq := pgq.seq_getval(queue.queue_event_seq);
    has_events := pg_sequence_last_value(pgq.quote_fqname(queue.queue_event_seq)) is not null;
    select t.tick_id, t.tick_time, t.tick_event_seq, t.tick_until,
           txid_snapshot_xmin(t.tick_snapshot) as xmin, txid_snapshot_xmax(t.tick_snapshot) as xmax
      into last
      from pgq.tick_log t
     where t.tick_queue = queue.queue_id
       and t.tick_id >= (select o.tick_floor from pgq.queue_option o where o.queue_id = queue.queue_id)
     order by t.tick_id desc
     limit 1;
    if found then
        perform pgq._check_tick_order(last.xmin, last.xmax, last.tick_event_seq, event_seq);
        lag := greatest(now() - last.tick_time, last.tick_time - now());
        if event_seq > last.tick_event_seq then
            if event_seq - last.tick_event_seq < queue.queue_ticker_max_count and lag < queue.queue_ticker_max_lag then
                return null;
            end if;
        else
            -- Ticks of an idle queue come ever more seldom.
            select last.tick_time - t.tick_time into last_gap
              from pgq.tick_log t
             where t.tick_queue = queue.queue_id
               and t.tick_id < last.tick_id
             order by t.tick_id desc
             limit 1;
            if found and (lag < queue.queue_ticker_max_lag / 2
                          or lag < last_gap * 2 and lag < queue.queue_ticker_idle_period) then
                return null;
            end if;
        end if;
    end if;
    insert into pgq.tick_log (tick_queue, tick_id, tick_event_seq, tick_until)
    values (queue.queue_id, nextval(pgq.quote_fqname(queue.queue_tick_seq)), event_seq,
            pgq._tick_until(event_seq, has_events, last.tick_event_seq, last.tick_until, had_txid))
    returning tick_id into last.tick_id;
    return last.tick_id;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

-- Ticks for all queues that want one: how many.
create or replace function pgq.ticker()
returns bigint as $$
declare
    name text;
    ticks bigint := 0;
begin
    for name in
        select q.queue_name
          from pgq.queue q
         where not q.queue_external_ticker
           and not q.queue_ticker_paused
         order by q.queue_name
    loop
        if pgq.ticker(name) > 0 then
            ticks := ticks + 1;
        end if;
    end loop;
    return ticks;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
