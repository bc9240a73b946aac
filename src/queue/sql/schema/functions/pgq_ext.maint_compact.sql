-- Takes out of a log what is superseded, when that is half of it: 1 when there may be more to do. As
-- pgq.maint_compact: in a transaction of its own, under any held snapshot, and it waits for nobody for long.
create or replace function pgq_ext.maint_compact()
returns integer as $$
declare
    log record;
begin
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        raise exception using errcode = 'invalid_transaction_state',
            message = 'pgq_ext.maint_compact needs isolation level read committed: its snapshot must be newer than its lock';
    end if;
    for log in
        select l.log_table, l.live
          from (values
                 ('pgq_ext.mark_log', 'select distinct on (l.mark_tracked) l.* from pgq_ext.mark_log l'
                     || ' order by l.mark_tracked, l.mark_step desc'),
                 ('pgq_ext.event_log', 'select e.* from pgq_ext.event_log e'
                     || ' join pgq_ext.mark m on m.track_no = e.event_tracked and m.mark_step = e.event_step')
               ) as l (log_table, live)
          left join pgq_ext.log_size z on z.log_name = l.log_table
         where pg_table_size(l.log_table) > 131072 + 2 * coalesce(z.bytes, 0)
         limit 1
    loop
        if not pg_try_advisory_xact_lock(hashtext('pgq_ext.maint_compact'), 0) then
            return 0;
        end if;
        begin
            execute format('lock table %s in access exclusive mode', log.log_table);
            -- Its snapshot is older than its locks: of a log that is emptied in between it would keep nothing.
            perform from pg_stat_activity a where a.datname = current_database() and a.application_name = 'pg_dump';
            if found then
                raise lock_not_available;
            end if;
        exception
            when lock_not_available then
                return 0;
        end;
        perform setval('pgq_ext.compaction_seq', txid_current());
        execute format('insert into pgq_ext.kept_row select live::text from (%s) live', log.live);
        execute format('truncate %s', log.log_table);
        execute format('insert into %1$s select (kept::%1$s).* from pgq_ext.kept_row', log.log_table);
        truncate pgq_ext.kept_row;
        insert into pgq_ext.log_size as z (log_name, bytes)
        values (log.log_table, pg_table_size(log.log_table))
        on conflict (log_name) do update set bytes = excluded.bytes;
        return 1;
    end loop;
    return 0;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '50ms';
