-- The same for ticks: those that all consumers of their queue are past. The queue's row is locked against one who is
-- just being registered at such a tick.
create or replace function pgq._thin_ticks()
returns void as $$
    with idle as (
        select q.queue_id from pgq.queue q where not q.queue_external_ticker order by q.queue_id for update skip locked
    ), needed as (
        select i.queue_id, coalesce(min(s.sub_last_tick), 9223372036854775807) as tick_id
          from idle i
          left join pgq.subscription s on s.sub_queue = i.queue_id
         group by i.queue_id
    )
    delete from pgq.tick_log t
     using needed n
     where t.tick_queue = n.queue_id
       and t.tick_id < n.tick_id
       and (t.tick_queue, t.tick_id) not in (select * from pgq._live_ticks());
$$ language sql set search_path = pg_catalog, pg_temp;
