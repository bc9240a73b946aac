-- The events of which this worker still has the lease, which now ends so much later.
create or replace function pgq.extend_leases(
    i_queue text,
    i_consumer text,
    i_event_ids bigint[],
    i_worker text,
    i_lease interval)
returns setof bigint as $$
declare
    owner record;
begin
    select * into owner from pgq._find_owner(i_queue, i_consumer);
    return query
    with ours as (
        update pgq.running_event r
           set run_until = clock_timestamp() + i_lease, run_seen = clock_timestamp()
         where r.run_owner = owner.sub_id and r.ev_id = any (i_event_ids) and r.run_worker = i_worker
        returning r.ev_id
    )
    update pgq.retry_queue r
       set ev_retry_after = clock_timestamp() + i_lease
      from ours
     where r.ev_owner = owner.sub_id and r.ev_id = ours.ev_id
    returning r.ev_id;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
