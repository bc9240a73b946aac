-- Records that a consumer has done a batch here; false when it was the last one already, whoever recorded it.
create or replace function pgq_ext.set_batch_done(a_consumer text, a_subconsumer text, a_batch_id bigint)
returns boolean as $$
declare
    mark record;
begin
    if a_batch_id is null or a_batch_id <= 0 then
        return not coalesce(pgq_ext.is_batch_done(a_consumer, a_subconsumer, a_batch_id), false);
    end if;
    mark := pgq_ext._lock_mark('batch', a_consumer, a_subconsumer);
    if mark.value = a_batch_id then
        return false;
    end if;
    perform pgq_ext._append_mark(mark.track_no, mark.step, a_batch_id);
    return true;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq_ext.set_batch_done(a_consumer text, a_batch_id bigint)
returns boolean as $$
    select pgq_ext.set_batch_done(a_consumer, '', a_batch_id);
$$ language sql;
