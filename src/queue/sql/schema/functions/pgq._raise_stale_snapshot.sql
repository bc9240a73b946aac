-- For a transaction that misses a row: if its snapshot is older than a compaction of the logs, the row may well
-- be there, and the transaction has to be repeated.
create or replace function pgq._raise_stale_snapshot()
returns void as $$
begin
    if not txid_visible_in_snapshot(
        coalesce(pg_sequence_last_value('pgq.compaction_seq'), 0), txid_current_snapshot())
    then
        raise exception using errcode = 'serialization_failure',
            message = 'could not serialize access: the queue''s positions are newer than this transaction''s snapshot';
    end if;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
