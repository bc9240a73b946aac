-- A leased event is handled; to be called in the transaction of its handler. 0: the lease had ended, the event comes
-- again, and nothing of this transaction may stay.
create or replace function pgq.end_lease(i_queue text, i_consumer text, i_event_id bigint, i_worker text)
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
    delete from pgq.retry_queue r where r.ev_owner = owner.sub_id and r.ev_id = i_event_id;
    return case when found then 1 else 0 end;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
