-- For a transaction that misses a mark: if its snapshot is older than a compaction, it has to be repeated.
create or replace function pgq_ext._raise_stale_snapshot()
returns void as $$
begin
    if not txid_visible_in_snapshot(
        coalesce(pg_sequence_last_value('pgq_ext.compaction_seq'), 0), txid_current_snapshot())
    then
        raise exception using errcode = 'serialization_failure',
            message = 'could not serialize access: what is done is newer than this transaction''s snapshot';
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
