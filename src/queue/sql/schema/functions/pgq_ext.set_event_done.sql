-- Records that an event of a batch is done here; false when it was already. The first event of another batch
-- forgets those of the batch before.
create or replace function pgq_ext.set_event_done(
    a_consumer text,
    a_subconsumer text,
    a_batch_id bigint,
    a_event_id bigint)
returns boolean as $$
declare
    mark record;
begin
    mark := pgq_ext._find_mark('events', a_consumer, a_subconsumer);
    if mark.value is distinct from a_batch_id or mark.value is null then
        mark := pgq_ext._lock_mark('events', a_consumer, a_subconsumer);
        if mark.value is distinct from a_batch_id then
            mark.step := pgq_ext._append_mark(mark.track_no, mark.step, a_batch_id);
        end if;
    end if;
    insert into pgq_ext.event_log (event_tracked, event_step, event_id)
    values (mark.track_no, mark.step, a_event_id)
    on conflict do nothing;
    return found;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq_ext.set_event_done(a_consumer text, a_batch_id bigint, a_event_id bigint)
returns boolean as $$
    select pgq_ext.set_event_done(a_consumer, '', a_batch_id, a_event_id);
$$ language sql;
