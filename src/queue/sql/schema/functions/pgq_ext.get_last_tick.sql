-- The tick that a consumer has come to here; null before its first.
create or replace function pgq_ext.get_last_tick(a_consumer text, a_subconsumer text)
returns int8 as $$
declare
    mark record;
begin
    mark := pgq_ext._find_mark('tick', a_consumer, a_subconsumer);
    return mark.value;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq_ext.get_last_tick(a_consumer text)
returns int8 as $$
    select pgq_ext.get_last_tick(a_consumer, '');
$$ language sql;
