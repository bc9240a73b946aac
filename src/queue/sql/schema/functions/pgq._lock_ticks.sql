-- One ticker at a time for a queue, until its transaction ends: a tick must see what every earlier one saw. What
-- is read in the next statement is what the one before has left; a transaction that cannot see that is refused.
create or replace function pgq._lock_ticks(i_queue_id int4)
returns void as $$
begin
    perform pg_advisory_xact_lock(hashtext('pgq.tick_log'), i_queue_id);
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        perform pgq._require_newest_tick(i_queue_id);
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
