-- A database that was restored into a cluster with younger transactions cannot go on: its snapshots lie in the future.
create or replace function pgq._check_tick_order(
    i_last_xmin bigint,
    i_last_xmax bigint,
    i_last_event_seq bigint,
    i_event_seq bigint)
returns void as $$
begin
    if i_last_xmin > txid_current() then
        raise exception 'Invalid PgQ state: old xmin=%, old xmax=%, cur txid=%', i_last_xmin, i_last_xmax, txid_current()
            using hint = 'Run "sluice queue install": the database was restored from another server.';
    end if;
    if i_event_seq < i_last_event_seq then
        raise warning 'Negative new_events?  old=% cur=%', i_last_event_seq, i_event_seq;
    end if;
    if i_last_xmax > txid_current() then
        raise warning 'Dubious PgQ state: old xmax=%, cur txid=%', i_last_xmax, txid_current();
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
