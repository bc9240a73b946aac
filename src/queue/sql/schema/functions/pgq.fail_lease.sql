-- A leased event was not handled: its fate is retry, wait or dead, as in set_aside_events. 0: it is not this worker's.
create or replace function pgq.fail_lease(
    i_queue text,
    i_consumer text,
    i_event_id bigint,
    i_worker text,
    i_fate text,
    i_after interval,
    i_reason text)
returns integer as $$
declare
    owner record;
begin
    select * into owner from pgq._find_owner(i_queue, i_consumer);
    delete from pgq.running_event r
     where r.run_owner = owner.sub_id and r.ev_id = i_event_id and r.run_worker = i_worker;
    if not found then
        return 0;
    end if;
    if i_fate <> 'dead' then
        update pgq.retry_queue r
           set ev_retry_after = clock_timestamp() + i_after,
               ev_retry = r.ev_retry - case i_fate when 'wait' then 1 else 0 end
         where r.ev_owner = owner.sub_id and r.ev_id = i_event_id;
        return case when found then 1 else 0 end;
    end if;
    with gone as (
        delete from pgq.retry_queue r
         where r.ev_owner = owner.sub_id and r.ev_id = i_event_id
        returning r.*
    )
    insert into pgq.dead_event (dead_queue, dead_consumer, dead_reason, dead_tries, ev_id, ev_time, ev_owner,
           ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    select owner.queue_id, owner.consumer_id, i_reason, g.ev_retry, g.ev_id, g.ev_time, g.ev_owner,
           g.ev_retry - 1, g.ev_type, g.ev_data, g.ev_extra1, g.ev_extra2, g.ev_extra3, g.ev_extra4
      from gone g
    on conflict do nothing;
    return case when found then 1 else 0 end;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
