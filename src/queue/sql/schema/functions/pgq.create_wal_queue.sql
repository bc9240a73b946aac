-- A queue whose events are messages in the WAL and no rows: 1 when it is new. It has tables as any queue, which stay
-- empty, and no tick: its consumers are where its events are taken to.
create or replace function pgq.create_wal_queue(i_queue_name text)
returns integer as $$
declare
    id int4;
    found_kind text;
begin
    if i_queue_name is null then
        raise exception 'Invalid NULL value';
    end if;
    select o.kind into found_kind
      from pgq.queue q
      join pgq.queue_option o using (queue_id)
     where q.queue_name = i_queue_name;
    if found_kind = 'table' then
        raise exception 'queue % is there already, and keeps its events in tables', i_queue_name;
    elsif found_kind = 'wal' then
        return 0;
    end if;
    id := nextval('pgq.queue_queue_id_seq');
    insert into pgq.queue (queue_id, queue_name, queue_data_pfx, queue_event_seq, queue_tick_seq,
                           queue_external_ticker, queue_disable_insert)
    values (id, i_queue_name, format('pgq.event_%s', id), format('pgq.event_%s_id_seq', id),
            format('pgq.event_%s_tick_seq', id), true, true);
    perform pgq._create_event_tables(id);
    perform pgq.grant_perms(i_queue_name);
    perform pgq._prepare_queue(id);
    update pgq.queue_option set kind = 'wal' where queue_id = id;
    perform pgq._write_insert_event();
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
