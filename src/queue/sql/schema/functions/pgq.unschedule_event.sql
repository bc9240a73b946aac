-- No more events of this schedule: 1, or 0 when there is none.
create or replace function pgq.unschedule_event(i_name text)
returns integer as $$
declare
    removed integer;
begin
    delete from pgq.scheduled_event s where s.sch_name = i_name;
    get diagnostics removed = row_count;
    return removed;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
