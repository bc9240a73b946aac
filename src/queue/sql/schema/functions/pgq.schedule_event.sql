-- An event for every time of a cron expression, which the daemon reads; of one name, the newer words count. 1 when
-- the name is new, else 0.
create or replace function pgq.schedule_event(
    i_name text,
    i_queue_name text,
    i_cron text,
    i_type text,
    i_data text default null,
    i_time_zone text default 'UTC')
returns integer as $$
declare
    id int4;
    is_new boolean;
begin
    select q.queue_id into id from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        raise exception 'Queue not found';
    end if;
    insert into pgq.scheduled_event as s (sch_name, sch_queue, sch_cron, sch_time_zone, ev_type, ev_data)
    values (i_name, id, i_cron, i_time_zone, i_type, i_data)
    on conflict (sch_name) do update
       set sch_queue = excluded.sch_queue, sch_cron = excluded.sch_cron, sch_time_zone = excluded.sch_time_zone,
           sch_last = excluded.sch_last, ev_type = excluded.ev_type, ev_data = excluded.ev_data
    returning s.xmax = 0 into is_new;
    return is_new::int4;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
