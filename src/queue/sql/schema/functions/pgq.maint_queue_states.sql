-- Takes back what inserts need not do any more: checks where nothing is limited, NOTIFYs that no ticker hears.
create or replace function pgq.maint_queue_states()
returns integer as $$
begin
    -- The row lock: a limit that is being set right now sets its bit after this.
    perform pgq._set_queue_state(unlimited.queue_id, 16, 0)
       from (select q.queue_id
               from pgq.queue q
              where not q.queue_disable_insert
                and q.queue_per_tx_limit is null
                and pg_sequence_last_value(format('pgq.event_%s_state', q.queue_id)) & 16 <> 0
                for update skip locked) unlimited;
    if not pgq._has_ticker() then
        perform pgq._set_queue_state(q.queue_id, 32, 0) from pgq.queue q;
    end if;
    return 0;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
