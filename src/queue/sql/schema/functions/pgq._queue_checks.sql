-- At once, before this transaction commits: an insert that looks without need does no harm.
create or replace function pgq._queue_checks()
returns trigger as $$
begin
    perform pgq._set_queue_state(new.queue_id, 0, 16);
    return null;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
