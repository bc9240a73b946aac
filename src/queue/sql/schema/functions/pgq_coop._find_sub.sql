-- A sub-consumer's newest position; no row when it is not registered, or a consumer of its own has the name.
create or replace function pgq_coop._find_sub(
    in i_queue_name text,
    in i_consumer_name text,
    in i_subconsumer_name text,
    out sub_no int4,
    out sub_consumer int4,
    out step bigint,
    out last_tick bigint,
    out batch bigint,
    out next_tick bigint)
returns setof record as $$
begin
    for sub_no, sub_consumer in
        select s.sub_no, s.sub_consumer
          from pgq.subscriber s
          join pgq.queue q on q.queue_id = s.sub_queue
          join pgq.consumer c on c.co_id = s.sub_consumer
          join pgq.subscriber m on m.sub_queue = s.sub_queue and m.sub_id = s.sub_id
          join pgq.consumer main on main.co_id = m.sub_consumer and main.co_name = i_consumer_name
         where q.queue_name = i_queue_name
           and c.co_name = i_consumer_name || '.' || i_subconsumer_name
    loop
        select p.pos_step, p.pos_last_tick, p.pos_batch, p.pos_next_tick into step, last_tick, batch, next_tick
          from pgq.position_log p
         where p.pos_subscriber = sub_no
         order by p.pos_step desc
         limit 1;
        if not found then
            perform pgq._raise_stale_snapshot();
        end if;
        return next;
    end loop;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
