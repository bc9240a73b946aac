-- From now on the queue takes events: its slot is there.
create or replace function pgq.open_wal_queue(i_queue_name text)
returns integer as $$
begin
    update pgq.queue_option o
       set wal_is_open = true
      from pgq.queue q
     where q.queue_id = o.queue_id
       and q.queue_name = i_queue_name
       and o.wal_slot is not null
       and not o.wal_is_open;
    if not found then
        return 0;
    end if;
    perform pgq._write_insert_event();
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
