-- What an insert does besides when the queue's state says so.
create or replace function pgq._before_insert(i_queue_id int4, i_state bigint)
returns void as $$
begin
    if i_state & 16 <> 0 then
        perform pgq._check_insert(i_queue_id);
    end if;
    -- A ticker holds this lock as long as it lives. Without one nobody listens, and commits that NOTIFY would wait
    -- for one another for nothing. Given back at once: a ticker that starts must not wait for this transaction.
    if i_state & 32 <> 0 then
        if pg_try_advisory_lock_shared(hashtext('pgq'), hashtext('ticker')) then
            perform pg_advisory_unlock_shared(hashtext('pgq'), hashtext('ticker'));
        else
            perform pg_notify('pgq_wake', i_queue_id::text);
        end if;
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
