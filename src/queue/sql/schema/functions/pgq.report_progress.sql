-- How far the handler of an event is, for people who look at pgq.running_event.
create or replace function pgq.report_progress(
    i_queue text,
    i_consumer text,
    i_event_id bigint,
    i_event_type text,
    i_worker text,
    i_done float8,
    i_total float8,
    i_note text)
returns void as $$
    insert into pgq.running_event (run_queue, run_owner, ev_id, ev_type, run_worker, run_done, run_total, run_note)
    select o.queue_id, o.sub_id, i_event_id, i_event_type, i_worker, i_done, i_total, i_note
      from pgq._find_owner(i_queue, i_consumer) o
    on conflict (run_owner, ev_id) do update
       set run_done = i_done, run_total = i_total, run_note = i_note, run_seen = clock_timestamp()
     where running_event.run_worker = i_worker;
$$ language sql security definer set search_path = pg_catalog, pg_temp;
