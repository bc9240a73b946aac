-- Whether an event of the batch that a consumer is in the middle of is done here.
create or replace function pgq_ext.is_event_done(
    a_consumer text,
    a_subconsumer text,
    a_batch_id bigint,
    a_event_id bigint)
returns boolean as $$
declare
    mark record;
begin
    mark := pgq_ext._find_mark('events', a_consumer, a_subconsumer);
    if mark.value is distinct from a_batch_id then
        return false;
    end if;
    perform from pgq_ext.event_log e
      where e.event_tracked = mark.track_no and e.event_step = mark.step and e.event_id = a_event_id;
    if not found then
        perform pgq_ext._raise_stale_snapshot();
        return false;
    end if;
    return true;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq_ext.is_event_done(a_consumer text, a_batch_id bigint, a_event_id bigint)
returns boolean as $$
    select pgq_ext.is_event_done(a_consumer, '', a_batch_id, a_event_id);
$$ language sql;
