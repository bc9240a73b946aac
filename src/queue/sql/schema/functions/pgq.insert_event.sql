-- The 7-argument form is written by pgq._write_insert_event.
create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text)
returns bigint as $$
    select pgq.insert_event(queue_name, ev_type, ev_data, null, null, null, null);
$$ language sql;
