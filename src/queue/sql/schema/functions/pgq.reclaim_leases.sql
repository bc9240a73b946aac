-- Ends the leases of a consumer's other workers, who are known to be gone: their events come again now, in order.
create or replace function pgq.reclaim_leases(i_queue text, i_consumer text, i_worker text)
returns integer as $$
declare
    owner record;
    leased_count integer;
begin
    select * into owner from pgq._find_owner(i_queue, i_consumer);
    with gone as (
        delete from pgq.running_event r
         where r.run_owner = owner.sub_id and r.run_worker <> i_worker
        returning r.ev_id, r.run_until
    ), leased as (
        select g.ev_id, row_number() over (order by g.ev_id) as nr from gone g where g.run_until is not null
    )
    update pgq.retry_queue r
       set ev_retry_after = transaction_timestamp() + leased.nr * interval '1 microsecond'
      from leased
     where r.ev_owner = owner.sub_id and r.ev_id = leased.ev_id;
    get diagnostics leased_count = row_count;
    return leased_count;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
