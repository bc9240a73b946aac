-- Makes the next call of the ticker tick, as if many events had come: the newest tick so far.
create or replace function pgq.force_tick(i_queue_name text)
returns bigint as $$
begin
    perform setval(pgq.quote_fqname(q.queue_event_seq),
                   nextval(pgq.quote_fqname(q.queue_event_seq)) + q.queue_ticker_max_count * 2 + 1000),
            pg_notify('pgq_wake', q.queue_id::text)
       from pgq.queue q
      where q.queue_name = i_queue_name
        and not q.queue_external_ticker
        and not q.queue_ticker_paused;
    return (select t.tick_id
              from pgq.queue q
              join pgq.tick_log t on t.tick_queue = q.queue_id
             where q.queue_name = i_queue_name
             order by t.tick_id desc
             limit 1);
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
