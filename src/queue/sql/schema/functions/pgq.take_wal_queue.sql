-- Records who follows a queue in the WAL, before anything is made: the recorded target, which has to be the caller's.
create or replace function pgq.take_wal_queue(
    i_queue_name text,
    i_slot text,
    i_publication text,
    i_target text)
returns text as $$
declare
    target text;
begin
    update pgq.queue_option o
       set wal_slot = coalesce(o.wal_slot, i_slot),
           wal_publication = coalesce(o.wal_publication, i_publication),
           wal_target = coalesce(o.wal_target, i_target)
      from pgq.queue q
     where q.queue_id = o.queue_id
       and q.queue_name = i_queue_name
       and o.kind = 'wal'
    returning o.wal_target into target;
    if not found then
        raise exception 'queue % does not live in the WAL', i_queue_name;
    end if;
    return target;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
