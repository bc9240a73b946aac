-- Event tables are only appended to and emptied: there is nothing to vacuum.
create or replace function pgq.tune_storage(i_queue_name text)
returns integer as $$
declare
    queue pgq.queue;
begin
    select * into queue from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        return 0;
    end if;
    for nr in 0 .. queue.queue_ntables - 1 loop
        execute format(
            'alter table %s set (fillfactor = 100, autovacuum_enabled = off, toast.autovacuum_enabled = off)',
            pgq.quote_fqname(queue.queue_data_pfx || '_' || nr));
    end loop;
    return 1;
end;
$$ language plpgsql strict set search_path = pg_catalog, pg_temp;
