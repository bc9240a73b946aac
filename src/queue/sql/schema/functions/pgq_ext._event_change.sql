-- Lets scripts that know completed_event as a table change it.
create or replace function pgq_ext._event_change()
returns trigger as $$
begin
    if tg_op = 'INSERT' then
        perform pgq_ext.set_event_done(new.consumer_id, new.subconsumer_id, new.batch_id, new.event_id);
        return new;
    end if;
    delete from pgq_ext.event_log e
     using pgq_ext.mark m
     where m.track_kind = 'events'
       and m.consumer_id = old.consumer_id
       and m.subconsumer_id = old.subconsumer_id
       and e.event_tracked = m.track_no
       and e.event_step = m.mark_step
       and e.event_id = old.event_id;
    return old;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
