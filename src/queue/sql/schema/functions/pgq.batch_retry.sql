-- Gives a whole open batch to its consumer once more, later: how many events, without those that come anyway.
create or replace function pgq.batch_retry(i_batch_id bigint, i_retry_seconds integer)
returns integer as $$
declare
    batch record;
    moved int4;
begin
    select * into batch from pgq._find_batch(i_batch_id);
    if not found then
        perform pgq._raise_stale_snapshot();
        raise exception 'batch_retry: batch % not found', i_batch_id;
    end if;
    insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry,
                                 ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    select current_timestamp + i_retry_seconds * interval '1 second', batch.sub_queue, e.ev_id, e.ev_time, null,
           batch.sub_id, coalesce(e.ev_retry, 0) + 1, e.ev_type, e.ev_data,
           e.ev_extra1, e.ev_extra2, e.ev_extra3, e.ev_extra4
      from pgq.get_batch_events(i_batch_id) e
    on conflict (ev_owner, ev_id) do nothing;
    get diagnostics moved = row_count;
    return moved;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
