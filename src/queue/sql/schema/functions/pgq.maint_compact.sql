-- Takes out of a log what is superseded, when that is half of it: 1 when it has. The log is emptied and its live
-- rows are put back, which works under any held snapshot, where vacuum does not. Others wait for that moment; for
-- its lock it waits for no one longer than they notice. What is kept is text meanwhile, in a form that reads back as
-- what it was: not every DateStyle does.
create or replace function pgq.maint_compact(i_log_name text)
returns integer as $$
declare
    log record;
    log_table text := format('pgq.%I', i_log_name);
begin
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        raise exception using errcode = 'invalid_transaction_state',
            message = 'pgq.maint_compact needs isolation level read committed: its snapshot must be newer than its lock';
    end if;
    select * into log from pgq._logs_to_compact() l where l.log_name = i_log_name;
    if not found or not pg_try_advisory_xact_lock(hashtext('pgq.maint_compact'), 0) then
        return 0;
    end if;
    begin
        execute format('lock table %s in access exclusive mode', log_table);
        if pgq._is_being_dumped() then
            raise lock_not_available;
        end if;
    exception
        when lock_not_available then
            case i_log_name
                when 'position_log' then perform pgq._thin_positions();
                when 'tick_log' then perform pgq._thin_ticks();
                else null; -- what was deleted there is vacuum's
            end case;
            return 0;
    end;
    -- For transactions whose snapshots are older than what is put back.
    perform setval('pgq.compaction_seq', txid_current());
    execute format('insert into pgq.kept_row select live::text from (%s) live', log.live);
    execute format('truncate %s', log_table);
    execute format('insert into %s overriding system value select (kept::%1$s).* from pgq.kept_row', log_table);
    truncate pgq.kept_row;
    insert into pgq.log_size as z (log_name, bytes)
    values (i_log_name, pg_table_size(log_table))
    on conflict (log_name) do update set bytes = excluded.bytes;
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp
   set lock_timeout = '50ms' set datestyle = 'ISO' set extra_float_digits = 1;
