-- Whether this was the last batch that a consumer has done here.
create or replace function pgq_ext.is_batch_done(a_consumer text, a_subconsumer text, a_batch_id bigint)
returns boolean as $$
declare
    mark record;
begin
    mark := pgq_ext._find_mark('batch', a_consumer, a_subconsumer);
    return case when mark.value is null then false else mark.value = a_batch_id end;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq_ext.is_batch_done(a_consumer text, a_batch_id bigint)
returns boolean as $$
    select pgq_ext.is_batch_done(a_consumer, '', a_batch_id);
$$ language sql;
