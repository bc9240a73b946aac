-- Inserts the event of a schedule for a time, if the last one is still the one that the caller has seen: 1, else 0.
-- Event and time commit together, so that no time has two events. In a queue that takes no inserts it waits.
create or replace function pgq.insert_scheduled_event(i_name text, i_last timestamptz, i_time timestamptz)
returns integer as $$
declare
    event record;
begin
    update pgq.scheduled_event s
       set sch_last = i_time
      from pgq.queue q
      join pgq.queue_option o using (queue_id)
     where s.sch_name = i_name
       and s.sch_last = i_last
       and q.queue_id = s.sch_queue
       and (o.wal_is_open or not q.queue_disable_insert)
    returning q.queue_name, s.* into event;
    if not found then
        return 0;
    end if;
    perform pgq.insert_event(event.queue_name, event.ev_type, event.ev_data,
        event.ev_extra1, event.ev_extra2, event.ev_extra3, event.ev_extra4);
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
