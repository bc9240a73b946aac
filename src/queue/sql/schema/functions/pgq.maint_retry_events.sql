-- Puts events that are due back into their queues, ten a call, oldest first: how many. Those of a queue that takes no
-- inserts wait, and those whose lease somebody is just ending or extending are left to that one.
create or replace function pgq.maint_retry_events()
returns integer as $$
declare
    event record;
    moved int4 := 0;
begin
    -- One mover at a time; consumers go on adding.
    lock table pgq.retry_queue in share update exclusive mode;
    for event in
        select r.*
          from pgq.retry_queue r
          join pgq.queue q on q.queue_id = r.ev_queue
         where r.ev_retry_after <= current_timestamp
           and not q.queue_disable_insert
         order by r.ev_retry_after
         limit 10
           for update of r skip locked
    loop
        perform pgq._put_event(event.ev_queue, false, event.ev_id, event.ev_time, event.ev_owner, event.ev_retry,
            event.ev_type, event.ev_data, event.ev_extra1, event.ev_extra2, event.ev_extra3, event.ev_extra4);
        delete from pgq.retry_queue r where r.ev_owner = event.ev_owner and r.ev_id = event.ev_id;
        moved := moved + 1;
    end loop;
    return moved;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
