-- Records the tick that a consumer has come to here; null forgets it. Always 1.
create or replace function pgq_ext.set_last_tick(a_consumer text, a_subconsumer text, a_tick_id bigint)
returns integer as $$
declare
    mark record;
begin
    if a_tick_id is not null or pgq_ext.get_last_tick(a_consumer, a_subconsumer) is not null then
        mark := pgq_ext._lock_mark('tick', a_consumer, a_subconsumer);
        perform pgq_ext._append_mark(mark.track_no, mark.step, a_tick_id);
    end if;
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq_ext.set_last_tick(a_consumer text, a_tick_id bigint)
returns integer as $$
    select pgq_ext.set_last_tick(a_consumer, '', a_tick_id);
$$ language sql;
