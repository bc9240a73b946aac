-- When the next retried or delayed event is due; null when none waits.
create or replace function pgq.next_due()
returns timestamptz as $$
    select least((select min(r.ev_retry_after) from pgq.retry_queue r), (select min(d.ev_due) from pgq.delayed_event d));
$$ language sql security definer set search_path = pg_catalog, pg_temp;
