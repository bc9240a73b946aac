-- The logs that have twice the size that their last compaction left, and how to know their live rows.
create or replace function pgq._logs_to_compact(out log_name text, out live text)
returns setof record as $$
    select l.log_name, l.live
      from (values
             ('position_log', 'select distinct on (l.pos_subscriber) l.*'
                 || ' from pgq.position_log l join pgq.subscriber s on s.sub_no = l.pos_subscriber'
                 || ' order by l.pos_subscriber, l.pos_step desc'),
             ('tick_log', 'select * from pgq.tick_log where (tick_queue, tick_id) in (select * from pgq._live_ticks())'),
             ('retry_queue', 'select * from pgq.retry_queue'),
             ('delayed_event', 'select * from pgq.delayed_event'),
             ('dead_event', 'select d.* from pgq.dead_event d'
                 || ' join pgq.queue_option o on o.queue_id = d.dead_queue'
                 || ' where d.dead_time > clock_timestamp() - o.dead_retention'),
             ('running_event', 'select * from pgq.running_event'),
             ('unique_event', 'select * from pgq.unique_event where unq_until > clock_timestamp()')
           ) as l (log_name, live)
      left join pgq.log_size z using (log_name)
     where pg_table_size(format('pgq.%I', l.log_name)) > 131072 + 2 * coalesce(z.bytes, 0);
$$ language sql set search_path = pg_catalog, pg_temp;
