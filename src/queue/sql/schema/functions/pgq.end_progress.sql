-- The handler of an event that said how far it was has come to an end, within its batch.
create or replace function pgq.end_progress(i_queue text, i_consumer text, i_event_id bigint, i_worker text)
returns void as $$
    delete from pgq.running_event r
     using pgq._find_owner(i_queue, i_consumer) o
     where r.run_owner = o.sub_id
       and r.ev_id = i_event_id
       and r.run_worker = i_worker
       and r.run_until is null;
$$ language sql security definer set search_path = pg_catalog, pg_temp;
