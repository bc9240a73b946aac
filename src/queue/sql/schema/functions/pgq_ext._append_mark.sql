-- The mark after i_step, which whoever calls has locked and read; its step. Only a snapshot older than that step
-- finds it taken.
create or replace function pgq_ext._append_mark(i_track_no int4, i_step bigint, i_value bigint)
returns bigint as $$
begin
    insert into pgq_ext.mark_log (mark_tracked, mark_step, mark_value)
    values (i_track_no, i_step + 1, i_value)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'serialization_failure',
            message = 'could not serialize access: what is done has moved since this transaction began';
    end if;
    delete from pgq_ext.mark_log where mark_tracked = i_track_no and mark_step = i_step;
    delete from pgq_ext.event_log where event_tracked = i_track_no and event_step = i_step;
    return i_step + 1;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
