-- A consumer's newest position and the tick it is at. Raises when there is no such consumer.
create or replace function pgq._find_subscriber(
    in i_queue_name text,
    in i_consumer_name text,
    out sub_no int4,
    out sub_id int4,
    out queue_id int4,
    out step bigint,
    out batch bigint,
    out next_tick bigint,
    out last_tick bigint,
    out last_tick_time timestamptz,
    out last_tick_seq bigint)
as $$
begin
    select s.sub_no, s.sub_id, s.sub_queue, p.pos_step, p.pos_batch, p.pos_next_tick,
           t.tick_id, t.tick_time, t.tick_event_seq
      into sub_no, sub_id, queue_id, step, batch, next_tick, last_tick, last_tick_time, last_tick_seq
      from pgq.queue q
      join pgq.subscriber s on s.sub_queue = q.queue_id
      join pgq.consumer c on c.co_id = s.sub_consumer
      left join lateral (
             select * from pgq.position_log l
              where l.pos_subscriber = s.sub_no
              order by l.pos_step desc
              limit 1) p on true
      left join lateral (
             select * from pgq.tick_log t where t.tick_queue = s.sub_queue and t.tick_id = p.pos_last_tick limit 1) t on true
     where q.queue_name = i_queue_name
       and c.co_name = i_consumer_name;
    if not found then
        perform pgq._raise_stale_snapshot();
        raise exception 'Not subscriber to queue: %/%',
            coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL');
    end if;
    if last_tick is null then
        perform pgq._raise_stale_snapshot();
        raise exception 'PgQ corruption: Consumer % on queue % does not see tick %',
            i_consumer_name, i_queue_name, last_tick;
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
