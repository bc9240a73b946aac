-- Lets scripts that know completed_tick, completed_batch and partial_batch as tables change them. Arguments: the
-- kind, and the column that holds its value.
create or replace function pgq_ext._mark_change()
returns trigger as $$
declare
    mark record;
begin
    if tg_op <> 'INSERT' then
        mark := pgq_ext._lock_mark(tg_argv[0], old.consumer_id, old.subconsumer_id);
        perform pgq_ext._append_mark(mark.track_no, mark.step, null);
        if tg_op = 'DELETE' then
            return old;
        end if;
    end if;
    mark := pgq_ext._lock_mark(tg_argv[0], new.consumer_id, new.subconsumer_id);
    if mark.value is not null then
        raise exception using errcode = 'unique_violation',
            message = format('consumer "%s" has a mark in %s already', new.consumer_id, tg_table_name);
    end if;
    perform pgq_ext._append_mark(mark.track_no, mark.step, (to_jsonb(new) ->> tg_argv[1])::bigint);
    return new;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
