-- Gives an event of an open batch to its consumer once more, later: 1, or 0 when that is arranged already.
create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_time timestamptz)
returns integer as $$
declare
    batch record;
    event record;
begin
    select * into batch from pgq._find_batch(x_batch_id);
    select * into event from pgq._find_event(x_batch_id, x_event_id);
    insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry,
                                 ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    values (x_retry_time, batch.sub_queue, event.ev_id, event.ev_time, null, batch.sub_id,
            coalesce(event.ev_retry, 0) + 1, event.ev_type, event.ev_data,
            event.ev_extra1, event.ev_extra2, event.ev_extra3, event.ev_extra4)
    on conflict (ev_owner, ev_id) do nothing;
    return case when found then 1 else 0 end;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_seconds integer)
returns integer as $$
    select pgq.event_retry(x_batch_id, x_event_id, current_timestamp + x_retry_seconds * interval '1 second');
$$ language sql security definer set search_path = pg_catalog, pg_temp;
