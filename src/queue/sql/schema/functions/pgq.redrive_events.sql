-- Dead letters become events again, for the consumer that gave them up, with all tries before them; all of them, or
-- those with these numbers.
create or replace function pgq.redrive_events(i_queue text, i_consumer text, i_event_ids bigint[] default null)
returns integer as $$
declare
    owner record;
    redriven integer;
begin
    select * into owner from pgq._find_owner(i_queue, i_consumer);
    with redriven as (
        delete from pgq.dead_event d
         where d.dead_queue = owner.queue_id
           and d.dead_consumer = owner.consumer_id
           and (i_event_ids is null or d.ev_id = any (i_event_ids))
        returning d.*
    ), numbered as (
        select r.*, row_number() over (order by r.ev_id) as nr from redriven r
    )
    insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_owner, ev_retry,
           ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    select transaction_timestamp() + n.nr * interval '1 microsecond', owner.queue_id, n.ev_id, n.ev_time, owner.sub_id, 0,
           n.ev_type, n.ev_data, n.ev_extra1, n.ev_extra2, n.ev_extra3, n.ev_extra4
      from numbered n
    on conflict do nothing;
    get diagnostics redriven = row_count;
    return redriven;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
