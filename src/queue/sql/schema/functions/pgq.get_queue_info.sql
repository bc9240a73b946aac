-- A queue, or all of them. ev_per_sec: over the last twenty ticks; ev_new: since the newest.
create or replace function pgq.get_queue_info(
    in i_queue_name text,
    out queue_name text,
    out queue_ntables integer,
    out queue_cur_table integer,
    out queue_rotation_period interval,
    out queue_switch_time timestamptz,
    out queue_external_ticker boolean,
    out queue_ticker_paused boolean,
    out queue_ticker_max_count integer,
    out queue_ticker_max_lag interval,
    out queue_ticker_idle_period interval,
    out ticker_lag interval,
    out ev_per_sec float8,
    out ev_new bigint,
    out last_tick_id bigint)
returns setof record as $$
    select q.queue_name, q.queue_ntables, q.queue_cur_table, q.queue_rotation_period, q.queue_switch_time,
           q.queue_external_ticker, q.queue_ticker_paused, q.queue_ticker_max_count, q.queue_ticker_max_lag,
           q.queue_ticker_idle_period,
           current_timestamp - newest.tick_time,
           case when older.tick_time < newest.tick_time
             then (newest.tick_event_seq - older.tick_event_seq)
                  / extract(epoch from newest.tick_time - older.tick_time)
           end,
           pgq.seq_getval(q.queue_event_seq) - newest.tick_event_seq,
           newest.tick_id
      from pgq.queue q
      left join lateral (
             select * from pgq.tick_log t
              where t.tick_queue = q.queue_id
              order by t.tick_id desc
              limit 1) newest on true
      left join lateral (
             select * from pgq.tick_log t
              where t.tick_queue = q.queue_id
                and t.tick_id >= (newest.tick_id - 20)
              order by t.tick_id
              limit 1) older on true
     where i_queue_name is null
        or q.queue_name = i_queue_name
     order by q.queue_name;
$$ language sql;

create or replace function pgq.get_queue_info(
    out queue_name text,
    out queue_ntables integer,
    out queue_cur_table integer,
    out queue_rotation_period interval,
    out queue_switch_time timestamptz,
    out queue_external_ticker boolean,
    out queue_ticker_paused boolean,
    out queue_ticker_max_count integer,
    out queue_ticker_max_lag interval,
    out queue_ticker_idle_period interval,
    out ticker_lag interval,
    out ev_per_sec float8,
    out ev_new bigint,
    out last_tick_id bigint)
returns setof record as $$
    select * from pgq.get_queue_info(null);
$$ language sql;
