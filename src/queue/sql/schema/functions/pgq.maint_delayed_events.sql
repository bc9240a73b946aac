-- Puts delayed events whose time has come into their queues, some of them, oldest first: how many. Those of a queue
-- that takes no inserts wait.
create or replace function pgq.maint_delayed_events()
returns integer as $$
declare
    event record;
    moved int4 := 0;
begin
    lock table pgq.delayed_event in share update exclusive mode;
    for event in
        select d.*
          from pgq.delayed_event d
          join pgq.queue q on q.queue_id = d.ev_queue
         where d.ev_due <= clock_timestamp()
           and not q.queue_disable_insert
         order by d.ev_due
         limit 500
           for update of d skip locked
    loop
        perform pgq._put_event(event.ev_queue, false, event.ev_id, event.ev_time, null, null,
            event.ev_type, event.ev_data, event.ev_extra1, event.ev_extra2, event.ev_extra3, event.ev_extra4);
        delete from pgq.delayed_event d where d.ev_queue = event.ev_queue and d.ev_id = event.ev_id;
        moved := moved + 1;
    end loop;
    return moved;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
