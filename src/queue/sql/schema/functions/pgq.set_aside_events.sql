-- What becomes of events of an open batch that were not handled; to be called before finish_batch, in its transaction.
--
--   retry  comes again after its interval
--   wait   the same, and this was no try of it
--   lease  is still being handled, by the worker that its reason names; comes again after its interval unless that
--          one extends the lease or ends it
--   dead   goes to pgq.dead_event with its reason
create or replace function pgq.set_aside_events(
    i_batch_id bigint,
    i_event_ids bigint[],
    i_fates text[],
    i_after interval[],
    i_reasons text[])
returns integer as $$
declare
    batch record;
    main_consumer int4;
    found_count integer;
begin
    select * into batch from pgq._find_batch(i_batch_id);
    if not found then
        perform pgq._raise_stale_snapshot();
        raise exception 'batch not found';
    end if;
    -- Of sub-consumers, which share its number, the one that was there first.
    select s.sub_consumer into main_consumer
      from pgq.subscriber s
     where s.sub_id = batch.sub_id
     order by s.sub_no
     limit 1;
    execute format($query$
        with chosen as materialized (
            select e.*, f.fate, f.after, f.reason,
                   coalesce(e.ev_retry, 0) + case f.fate when 'wait' then 0 else 1 end as tries
              from (%s) e
              join unnest($1, $2, $3, $4) as f (id, fate, after, reason) on f.id = e.ev_id
             where e.ev_id = any ($1)
        ), again as (
            insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_owner, ev_retry,
                   ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
            select clock_timestamp() + c.after, $5, c.ev_id, c.ev_time, $6, c.tries,
                   c.ev_type, c.ev_data, c.ev_extra1, c.ev_extra2, c.ev_extra3, c.ev_extra4
              from chosen c
             where c.fate <> 'dead'
            on conflict do nothing
        ), dead as (
            insert into pgq.dead_event (dead_queue, dead_consumer, dead_reason, dead_tries, ev_id, ev_time, ev_owner,
                   ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
            select $5, $7, c.reason, c.tries, c.ev_id, c.ev_time, $6,
                   c.ev_retry, c.ev_type, c.ev_data, c.ev_extra1, c.ev_extra2, c.ev_extra3, c.ev_extra4
              from chosen c
             where c.fate = 'dead'
            on conflict do nothing
        ), running as (
            insert into pgq.running_event (run_queue, run_owner, ev_id, ev_type, run_worker, run_until)
            select $5, $6, c.ev_id, c.ev_type, c.reason, clock_timestamp() + c.after
              from chosen c
             where c.fate = 'lease'
            on conflict (run_owner, ev_id) do update
               set run_worker = excluded.run_worker, run_until = excluded.run_until, run_seen = clock_timestamp()
        )
        select count(*) from chosen$query$, pgq.batch_event_sql(i_batch_id))
      into found_count
     using i_event_ids, i_fates, i_after, i_reasons, batch.sub_queue, batch.sub_id, main_consumer;
    if found_count <> cardinality(i_event_ids) then
        raise exception 'event not found';
    end if;
    return found_count;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
